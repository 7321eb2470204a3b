using CityMonitor.Simulator.Control;

namespace CityMonitor.Simulator.Faults;

/// <summary>Applies the HTTP side of the board's faults to every vendor port, before the vendor's own endpoints are asked.</summary>
sealed class FaultMiddleware(RequestDelegate next, FaultBoard board, VendorPorts ports, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (ports.FaultTargetOf(context) is not { } target
            || board.ForRequest(target, context.Request.Method, context.Request.Path) is not { } fault)
        {
            await next(context);
            return;
        }

        try
        {
            await ApplyAsync(fault, context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller gave up first, as a caller of a slow vendor does.
        }
    }

    async Task ApplyAsync(Fault fault, HttpContext context)
    {
        if (fault.Refuse)
        {
            context.Abort();
            return;
        }

        if (fault.LatencyMs is { } latency)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(latency), clock, context.RequestAborted);
        }

        if (fault.Hang)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, context.RequestAborted);
        }

        if (fault.Status is { } status)
        {
            if (fault.RetryAfter is { } seconds)
            {
                context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            if (status == 429 && ports.FaultTargetOf(context) == FaultTarget.OpenAI)
            {
                context.Response.Headers["x-ratelimit-remaining-requests"] = "0";
                context.Response.Headers["x-ratelimit-reset-requests"] = $"{fault.RetryAfter ?? 1}s";
            }

            await WriteAsync(context, status, fault.Body ?? BodyOf(status, ports.FaultTargetOf(context)), fault.ContentType ?? "application/json");
            return;
        }

        if (fault.Garbage is { } garbage)
        {
            await (garbage == "html"
                ? WriteAsync(context, 200, "<html><body><h1>Down for maintenance</h1></body></html>", "text/html")
                : WriteAsync(context, 200, """{"id":12,"broken":""", "application/json"));
            return;
        }

        if (fault.LoseAnswer)
        {
            await CarryOutAndLoseAsync(context);
            return;
        }

        await next(context);
    }

    /// <summary>As the vendor's own errors look, where its clients read more than the status.</summary>
    static string BodyOf(int status, string? target) => target switch
    {
        FaultTarget.Twilio =>
            $$"""{"code":{{20000 + status}},"message":"Simulated fault","more_info":"https://www.twilio.com/docs/errors/{{20000 + status}}","status":{{status}}}""",
        FaultTarget.DeepgramAgent or FaultTarget.DeepgramSpeak or FaultTarget.DeepgramListen =>
            $$"""{"err_code":"SIMULATED_FAULT","err_msg":"Simulated fault","request_id":"{{Guid.NewGuid()}}"}""",
        FaultTarget.OpenAI => status == 429
            ? """{"error":{"message":"Rate limit reached. Simulated fault","type":"requests","param":null,"code":"rate_limit_exceeded"}}"""
            : """{"error":{"message":"Simulated fault","type":"server_error","param":null,"code":null}}""",
        FaultTarget.ElevenLabsSpeak or FaultTarget.ElevenLabsListen =>
            $$$"""{"detail":{"status":"{{{(status == 429 ? "too_many_concurrent_requests" : status == 401 ? "quota_exceeded" : "system_busy")}}}","message":"Simulated fault"}}""",
        _ => """{"message":"Simulated fault"}""",
    };

    async Task CarryOutAndLoseAsync(HttpContext context)
    {
        var body = context.Response.Body;
        context.Response.Body = Stream.Null;
        await next(context);
        context.Response.Body = body;
        context.Abort();
    }

    static Task WriteAsync(HttpContext context, int status, string body, string contentType)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
