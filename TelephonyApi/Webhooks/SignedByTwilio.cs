using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Lets only Twilio in: the signature is computed on the configured public URL, so a proxy in between changes nothing.</summary>
sealed class SignedByTwilio(IOptions<TwilioOptions> options, PublicUrls urls, ILogger<SignedByTwilio> log) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.Arguments.OfType<TwilioRequest>().Single();
        var http = context.HttpContext;
        if (!urls.SpellingsOf(request.RawTarget).Any(url => IsSigned(request, url)))
        {
            WebhookLog.Forged(log, http.Request.Path, http.Connection.RemoteIpAddress, request.Signature.Length > 0);
            Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", "signature"));
            return Results.Problem(
                "X-Twilio-Signature does not match. If this request came from Twilio, check that PublicUrls:Telephony is the URL that Twilio calls "
                + "and Twilio:AuthToken the account's primary token.",
                statusCode: StatusCodes.Status403Forbidden,
                title: "Not signed by Twilio");
        }

        return await next(context);
    }

    bool IsSigned(TwilioRequest request, string url) =>
        TwilioSignature.IsValid(options.Value.AuthToken, url, request.Form, request.Signature)
        && (request.Body is null or [] || TwilioSignature.IsValidBody(url, request.Body));
}
