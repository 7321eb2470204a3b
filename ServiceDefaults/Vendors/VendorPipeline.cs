using System.Net;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace CityMonitor.ServiceDefaults;

/// <summary>One vendor's resilience: total timeout, retry, circuit breaker, attempt timeout, in this order from the outside.</summary>
sealed class VendorPipeline
{
    static readonly ResiliencePropertyKey<HttpRequestMessage> RequestKey = new("request");
    static readonly ResiliencePropertyKey<DateTimeOffset> DeadlineKey = new("deadline");

    readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    readonly TimeProvider _clock;

    public VendorPipeline(string vendor, VendorLimits limits, TimeProvider clock)
    {
        Vendor = vendor;
        Limits = limits;
        _clock = clock;
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock, Name = vendor }
            .AddTimeout(limits.Total);
        if (limits.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = limits.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = limits.FirstDelay,
                MaxDelay = limits.Attempt,
                ShouldHandle = args => ValueTask.FromResult(MayRepeat(args.Context, args.Outcome)),
                DelayGenerator = args => ValueTask.FromResult(RetryAfter(args.Outcome.Result)),
                OnRetry = args =>
                {
                    VendorTelemetry.Retried(vendor, args.Outcome.Result?.StatusCode);
                    args.Outcome.Result?.Dispose();
                    return default;
                },
            });
        }

        _pipeline = builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = 0.5,
                MinimumThroughput = limits.BreakAtLeast,
                SamplingDuration = limits.BreakSampling,
                BreakDuration = limits.BreakFor,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is HttpRequestException or TimeoutRejectedException || (int?)args.Outcome.Result?.StatusCode >= 500),
            })
            .AddTimeout(limits.Attempt)
            .Build();
    }

    public string Vendor { get; }
    public VendorLimits Limits { get; }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken ct)
    {
        var context = ResilienceContextPool.Shared.Get(ct);
        context.Properties.Set(RequestKey, request);
        context.Properties.Set(DeadlineKey, _clock.GetUtcNow() + Limits.Total);
        try
        {
            return await _pipeline.ExecuteAsync(static async (context, state) => await state.send(state.request, context.CancellationToken), context, (request, send));
        }
        catch (BrokenCircuitException error)
        {
            throw new VendorUnavailableException(Vendor, mayHaveArrived: false, $"{Vendor} has been failing; not asked again for {Limits.BreakFor.TotalSeconds:0.#} s.", error);
        }
        catch (TimeoutRejectedException error)
        {
            throw new VendorUnavailableException(Vendor, mayHaveArrived: true, $"{Vendor} did not answer within {error.Timeout.TotalSeconds:0.#} s.", error);
        }
        catch (HttpRequestException error) when (error is not VendorUnavailableException)
        {
            throw new VendorUnavailableException(Vendor, mayHaveArrived: !NeverConnected(error), $"{Vendor} cannot be reached: {error.Message}", error);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    bool MayRepeat(ResilienceContext context, Outcome<HttpResponseMessage> outcome)
    {
        context.Properties.TryGetValue(RequestKey, out var request);
        var idempotent = request!.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Put || request.Method == HttpMethod.Delete;
        return outcome switch
        {
            { Exception: HttpRequestException error } => idempotent || NeverConnected(error),
            { Exception: TimeoutRejectedException } => idempotent,
            { Result.StatusCode: HttpStatusCode.TooManyRequests } => FitsBefore(context, outcome.Result),
            { Result.StatusCode: HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError } => idempotent && FitsBefore(context, outcome.Result),
            _ => false,
        };
    }

    // A wait that outlasts the total time would only turn a clear 429 into a timeout: the caller gets the answer, with its Retry-After.
    bool FitsBefore(ResilienceContext context, HttpResponseMessage response) =>
        RetryAfter(response) is not { } wait || (context.Properties.TryGetValue(DeadlineKey, out var deadline) && _clock.GetUtcNow() + wait < deadline);

    TimeSpan? RetryAfter(HttpResponseMessage? response)
    {
        var wait = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _clock.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    static bool NeverConnected(HttpRequestException error) =>
        error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;
}
