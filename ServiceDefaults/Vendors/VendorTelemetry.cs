using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;

namespace CityMonitor.ServiceDefaults;

static class VendorTelemetry
{
    public const string DurationName = "citymonitor.vendor.request.duration";

    static readonly ActivitySource Source = new("CityMonitor.Vendors");
    static readonly Meter Meter = new("CityMonitor.Vendors");
    static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(DurationName, "s", "Time of a vendor request with all its attempts.");
    static readonly Counter<long> Retries = Meter.CreateCounter<long>("citymonitor.vendor.retries", "{attempt}", "Attempts after the first one.");

    public static Activity? Start(string vendor, HttpRequestMessage request)
    {
        var activity = Source.StartActivity($"{request.Method} {vendor}", ActivityKind.Client);
        activity?.SetTag("peer.service", vendor)
            .SetTag("http.request.method", request.Method.Method)
            .SetTag("server.address", request.RequestUri?.Host)
            .SetTag("server.port", request.RequestUri?.Port);
        return activity;
    }

    public static void Retried(string vendor, HttpStatusCode? status)
    {
        Retries.Add(1, new("vendor", vendor), new("http.response.status_code", (int?)status ?? 0));
        Activity.Current?.AddEvent(new ActivityEvent("retry", tags: new() { { "http.response.status_code", (int?)status ?? 0 } }));
    }

    public static void Done(Activity? activity, string vendor, HttpRequestMessage request, HttpStatusCode? status, Exception? error, TimeSpan elapsed)
    {
        var failure = error?.GetType().Name ?? ((int?)status >= 400 ? ((int)status!).ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
        activity?.SetTag("http.response.status_code", (int?)status).SetTag("error.type", failure);
        if (failure is not null)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error?.Message);
        }

        Duration.Record(elapsed.TotalSeconds, new("vendor", vendor), new("http.request.method", request.Method.Method), new("http.response.status_code", (int?)status ?? 0), new("error.type", failure));
    }
}
