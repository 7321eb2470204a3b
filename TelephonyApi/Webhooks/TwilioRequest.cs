using System.Globalization;
using CityMonitor.Messaging.Contracts;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>One request of Twilio's: the form's fields (or the query's, for a GET) and our own call id from the URL.</summary>
sealed class TwilioRequest
{
    readonly HttpRequest request;

    TwilioRequest(HttpRequest request, IReadOnlyList<KeyValuePair<string, string>> form, byte[]? body)
    {
        this.request = request;
        Form = form;
        Body = body;
    }

    /// <summary>What is signed beside the URL; empty for a GET and for JSON.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Form { get; }

    /// <summary>The raw body where it is not a form.</summary>
    public byte[]? Body { get; }

    public string this[string field] => Form.FirstOrDefault(pair => pair.Key == field).Value ?? request.Query[field].ToString();

    public CallId? Call => CallId.TryParse(request.Query["call"], out var call) ? call : null;

    public string CallSid => this["CallSid"];

    public string Signature => request.Headers[Twilio.TwilioSignature.Header].ToString();

    /// <summary>Path and query exactly as they were sent: decoding and encoding again would break the signature.</summary>
    public string RawTarget =>
        request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target ? target
        : request.PathBase + request.Path + request.QueryString;

    public int? Number(string field) =>
        int.TryParse(this[field], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A counter of ours in the URL; 0 where there is none.</summary>
    public int Count(string parameter) =>
        int.TryParse(request.Query[parameter], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public PhoneNumber? Phone(string field)
    {
        var text = this[field];
        return PhoneNumber.TryParse(text.StartsWith("whatsapp:", StringComparison.Ordinal) ? text[9..] : text, out var number) ? number : null;
    }

    public static async ValueTask<TwilioRequest> BindAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.HasFormContentType)
        {
            try
            {
                var form = await request.ReadFormAsync(context.RequestAborted);
                return new TwilioRequest(request, [.. form.SelectMany(field => Values(field.Key, field.Value))], null);
            }
            catch (Exception error) when (error is InvalidDataException || (error is IOException && error is not BadHttpRequestException))
            {
                throw new BadHttpRequestException($"The form cannot be read: {error.Message}", StatusCodes.Status400BadRequest, error);
            }
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted);
        return new TwilioRequest(request, [], body.ToArray());
    }

    static IEnumerable<KeyValuePair<string, string>> Values(string key, StringValues values) =>
        values.Distinct(StringComparer.Ordinal).Select(value => KeyValuePair.Create(key, value ?? ""));
}
