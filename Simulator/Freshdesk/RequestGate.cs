using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>What every API request passes first: version header, limits, log-in, content types.</summary>
sealed class RequestGate(IOptions<FreshdeskOptions> options, RateLimits limits) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        context.Response.Headers["X-Freshdesk-Api-Version"] = "latest=v2; requested=v2";
        context.Response.Headers["X-Request-Id"] = Guid.NewGuid().ToString();
        if (!limits.TryTake(context, Kind(context.Request), Cost(context.Request)))
        {
            return Answers.TooMany();
        }

        if (!LoggedIn(context.Request))
        {
            return Answers.NotLoggedIn();
        }

        if (context.Request.Headers.Accept is [{ Length: > 0 } accept]
            && !accept.Contains("application/json", StringComparison.Ordinal) && !accept.Contains("*/*", StringComparison.Ordinal))
        {
            return Answers.NotAcceptable();
        }

        if (context.Request is { ContentLength: > 0, HasFormContentType: false } && !context.Request.HasJsonContentType())
        {
            return Answers.UnsupportedType();
        }

        return await next(invocation);
    }

    bool LoggedIn(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var given)
            || !"Basic".Equals(given.Scheme, StringComparison.OrdinalIgnoreCase) || given.Parameter is null)
        {
            return false;
        }

        var decoded = new byte[given.Parameter.Length];
        if (!Convert.TryFromBase64String(given.Parameter, decoded, out var length))
        {
            return false;
        }

        // The key is the user name; the password can be anything.
        var user = Encoding.UTF8.GetString(decoded, 0, length).Split(':')[0];
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(options.Value.ApiKey));
    }

    static RequestKind Kind(HttpRequest request)
    {
        var tickets = request.Path.Value!.TrimEnd('/').EndsWith("/tickets", StringComparison.Ordinal);
        return request.Method switch
        {
            "POST" when tickets => RequestKind.Create,
            "GET" when tickets => RequestKind.List,
            "PUT" => RequestKind.Update,
            _ => RequestKind.Other,
        };
    }

    // Each include costs one more on a single ticket and two more on a list.
    static int Cost(HttpRequest request)
    {
        var includes = ((string?)request.Query["include"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Length;
        return 1 + (Kind(request) == RequestKind.List ? 2 : 1) * includes;
    }
}
