using System.Globalization;
using System.Xml.Linq;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Lines;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary>What follows a verb.</summary>
readonly record struct AfterVerb(bool HangUp, TwimlSource? GoTo)
{
    public static readonly AfterVerb Next = new(false, null);
    public static readonly AfterVerb End = new(true, null);

    public static AfterVerb To(TwimlSource source) => new(false, source);
}

/// <summary>The call, its line and the document that is running: what a verb works with.</summary>
sealed record VerbContext(Call Call, Line Line, TwimlDocument Document)
{
    public Task AnnounceAsync(byte[] audio, CancellationToken cancellation) => AnnounceAsync(Line, audio, cancellation);

    /// <summary>Plays audio to the phone in real time.</summary>
    public static async Task AnnounceAsync(Line line, byte[] audio, CancellationToken cancellation)
    {
        var announcement = new Announcement(audio);
        using (line.Connect(announcement))
        {
            await announcement.Played.WaitAsync(cancellation);
        }
    }

    public TwimlSource Source(XElement element, string urlAttribute, params KeyValuePair<string, string>[] extra) =>
        new(Document.Resolve(element.Attribute(urlAttribute)?.Value), Method(element), Extra: extra);

    public static string Method(XElement element, string attribute = "method") =>
        string.Equals(element.Attribute(attribute)?.Value, "GET", StringComparison.OrdinalIgnoreCase) ? "GET" : "POST";

    public static int Number(XElement element, string attribute, int fallback) =>
        int.TryParse(element.Attribute(attribute)?.Value, CultureInfo.InvariantCulture, out var value) && value >= 0 ? value : fallback;

    public static bool Flag(XElement element, string attribute, bool fallback = false) =>
        bool.TryParse(element.Attribute(attribute)?.Value, out var value) ? value : fallback;
}

/// <summary>Runs a call's instructions from document to document until they end, the phone hangs up, or an update replaces them.</summary>
sealed class TwimlRun(TwimlFetcher fetcher, CallProgress progress, TwimlVerbs verbs)
{
    /// <summary>Fetches before the call is answered, as happens when a phone calls in.</summary>
    public async Task<(TwimlDocument? Document, TwimlException? Error)> PrefetchAsync(Call call, TwimlSource source, CancellationToken cancellation)
    {
        try
        {
            return (await fetcher.FetchAsync(call, source, cancellation), null);
        }
        catch (TwimlException e)
        {
            return (null, e);
        }
    }

    /// <param name="fetched">The first document, where it has been fetched already.</param>
    /// <param name="error">Why it could not be fetched.</param>
    public async Task RunAsync(Call call, Line line, TwimlSource first, TwimlDocument? fetched = null, TwimlException? error = null)
    {
        TwimlSource? source = first;
        while (source is not null && !call.EndRequested.IsCancellationRequested)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.EndRequested);
            if (call.NowRunning(stop) is { } update)
            {
                (source, fetched, error) = (update, null, null);
            }

            try
            {
                await RunToTheEndAsync(call, line, source, error is null ? fetched : throw error, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Hung up, or replaced: told apart below.
            }
            catch (TwimlException e)
            {
                await ApologiseAsync(call, line, e);
            }

            source = call.NowRunning(null);
            (fetched, error) = (null, null);
        }
    }

    async Task RunToTheEndAsync(Call call, Line line, TwimlSource first, TwimlDocument? fetched, CancellationToken cancellation)
    {
        TwimlSource? source = first;
        while (source is not null)
        {
            var document = fetched ?? await fetcher.FetchAsync(call, source, cancellation);
            fetched = null;
            call.Note("twiml", document.Response.ToString(SaveOptions.DisableFormatting));
            source = await RunAsync(new VerbContext(call, line, document), cancellation);
        }
    }

    async Task<TwimlSource?> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        foreach (var verb in context.Document.Response.Elements())
        {
            cancellation.ThrowIfCancellationRequested();
            var after = await verbs.RunAsync(context, verb, cancellation);
            if (after.HangUp || after.GoTo is not null)
            {
                return after.GoTo;
            }
        }

        return null;
    }

    async Task ApologiseAsync(Call call, Line line, TwimlException error)
    {
        progress.Error(call, error.Code, error.Message);
        call.Note("application error", $"{error.Code} {error.Message}");
        try
        {
            await VerbContext.AnnounceAsync(
                line, ToneCode.Encode("We are sorry, an application error has occurred. Goodbye."), call.EndRequested);
        }
        catch (OperationCanceledException) when (call.EndRequested.IsCancellationRequested)
        {
            // The phone did not wait for the apology.
        }
    }
}
