using System.Globalization;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary>Asks the application what to do next, and its fallback when that fails.</summary>
sealed class TwimlFetcher(WebhookSender sender, CallProgress progress)
{
    /// <exception cref="TwimlException">Neither the URL nor the fallback gave a document.</exception>
    public async Task<TwimlDocument> FetchAsync(Call call, TwimlSource source, CancellationToken cancellation)
    {
        try
        {
            return await OnceAsync(call, source, cancellation);
        }
        catch (TwimlException e) when (call.Fallback is { } fallback)
        {
            progress.Error(call, e.Code, e.Message);
            return await OnceAsync(call, new TwimlSource(fallback.Url, fallback.Method, Extra:
            [
                new("ErrorCode", e.Code.ToString(CultureInfo.InvariantCulture)),
                new("ErrorUrl", source.Url ?? ""),
            ]), cancellation);
        }
    }

    async Task<TwimlDocument> OnceAsync(Call call, TwimlSource source, CancellationToken cancellation)
    {
        if (source.Inline is { } text)
        {
            return TwimlDocument.Parse(text, null);
        }

        List<KeyValuePair<string, string>> fields = [.. CallParameters.Of(call), .. source.Extra ?? []];
        if (call.AnsweredBy is { } answeredBy && !call.Options.MachineDetection!.Async)
        {
            fields.Add(new("AnsweredBy", answeredBy));
        }

        var answer = await sender.SendAsync(new Webhook(source.Url!, source.Method, fields, call.Sid), cancellation);
        if (answer.ErrorCode is { } code)
        {
            throw new TwimlException(code, answer.Error!);
        }

        return answer.ContentType switch
        {
            "text/xml" or "application/xml" or "text/html" => TwimlDocument.Parse(answer.Body, source.Url),
            _ => throw new TwimlException(TwimlException.BadContentType, $"Content-Type {answer.ContentType ?? "(none)"} from {source.Url} is no XML."),
        };
    }
}
