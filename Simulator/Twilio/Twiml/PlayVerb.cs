using System.Xml.Linq;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary><c>&lt;Play digits&gt;</c> presses keys towards the phone; <c>&lt;Play&gt;url</c> plays mu-law audio, bare or as WAV.</summary>
sealed class PlayVerb(IHttpClientFactory clients, CallProgress progress, TimeProvider clock)
{
    const int LongestAudio = 5_000_000;

    static readonly TimeSpan DigitTime = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan FetchTime = TimeSpan.FromSeconds(15);

    public async Task RunAsync(VerbContext context, XElement verb, CancellationToken cancellation)
    {
        if (verb.Attribute("digits")?.Value is { Length: > 0 } digits)
        {
            context.Call.Note("play digits", digits);
            foreach (var digit in digits)
            {
                await Task.Delay(digit is 'w' or 'W' ? TimeSpan.FromMilliseconds(500) : DigitTime, clock, cancellation);
                if (digit is not ('w' or 'W'))
                {
                    context.Line.Phone.Record.HearDigits(digit.ToString());
                }
            }

            return;
        }

        var url = context.Document.Resolve(verb.Value);
        context.Call.Note("play", url);
        if (await FetchAsync(context.Call, url, cancellation) is { } audio)
        {
            for (var i = Math.Max(1, VerbContext.Number(verb, "loop", 1)); i > 0; i--)
            {
                await context.AnnounceAsync(audio, cancellation);
            }
        }
    }

    async Task<byte[]?> FetchAsync(Call call, string url, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(FetchTime, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            using var client = clients.CreateClient(WebhookSender.ClientName);
            client.MaxResponseContentBufferSize = LongestAudio;
            using var response = await client.GetAsync(new Uri(url), both.Token);
            response.EnsureSuccessStatusCode();
            return MuLawOf(await response.Content.ReadAsByteArrayAsync(both.Token), response.Content.Headers.ContentType?.MediaType)
                ?? throw new InvalidDataException($"{url} is neither audio/basic nor a WAV of mu-law at 8 kHz");
        }
        catch (Exception e) when (e is HttpRequestException or InvalidDataException or IOException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            progress.Error(call, e is InvalidDataException ? TwimlException.BadContentType : WebhookSender.HttpFailed, e.Message);
            return null;
        }
    }

    static byte[]? MuLawOf(byte[] body, string? contentType)
    {
        if (contentType is "audio/basic" or "audio/x-mulaw" or "audio/mulaw")
        {
            return body;
        }

        // RIFF....WAVE, then chunks of id, length, body; "fmt " starts with the codec (7 is mu-law).
        if (body.Length < 44 || !body.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !body.AsSpan(8, 4).SequenceEqual("WAVE"u8))
        {
            return null;
        }

        var isMuLaw = false;
        for (var at = 12; at + 8 <= body.Length;)
        {
            var id = body.AsSpan(at, 4);
            var length = (int)Math.Min(BitConverter.ToUInt32(body, at + 4), (uint)(body.Length - at - 8));
            if (id.SequenceEqual("fmt "u8) && length >= 8)
            {
                isMuLaw = BitConverter.ToUInt16(body, at + 8) == 7 && BitConverter.ToUInt32(body, at + 12) == MuLaw.SampleRate;
            }
            else if (id.SequenceEqual("data"u8))
            {
                return isMuLaw ? body.AsSpan(at + 8, length).ToArray() : null;
            }

            at += 8 + length + (length & 1);
        }

        return null;
    }
}
