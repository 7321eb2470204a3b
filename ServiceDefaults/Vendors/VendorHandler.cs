using System.Diagnostics;
using System.Net;

namespace CityMonitor.ServiceDefaults;

/// <summary>Runs a vendor's requests through its pipeline; one span and one measurement per request, however many attempts it takes.</summary>
sealed class VendorHandler(VendorPipeline pipeline, Alerts alerts) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null)
        {
            await request.Content.LoadIntoBufferAsync(cancellationToken); // a retry sends it again
        }

        using var activity = VendorTelemetry.Start(pipeline.Vendor, request);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var response = await pipeline.SendAsync(request, AttemptAsync, cancellationToken);
            VendorTelemetry.Done(activity, pipeline.Vendor, request, response.StatusCode, null, Stopwatch.GetElapsedTime(started));
            return response;
        }
        catch (Exception error)
        {
            VendorTelemetry.Done(activity, pipeline.Vendor, request, null, error, Stopwatch.GetElapsedTime(started));
            throw;
        }
    }

    // The body is read here, so that the attempt's timeout covers it: HttpClient would read it after the last handler, without any limit.
    async Task<HttpResponseMessage> AttemptAsync(HttpRequestMessage request, CancellationToken ct)
    {
        if (pipeline.Vendor == Quotas.FreshdeskRequests.Vendor)
        {
            VendorUse.Add(Quotas.FreshdeskRequests, 1); // refused ones count too
        }

        var response = await base.SendAsync(request, ct);
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            alerts.QuotaReached(pipeline.Vendor);
        }

        try
        {
            if (response.Content.Headers.ContentType?.MediaType is not { } type || (type != "text/event-stream" && !type.StartsWith("audio/", StringComparison.Ordinal)))
            {
                await response.Content.LoadIntoBufferAsync(pipeline.Limits.MaxBodyBytes, ct);
            }

            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
