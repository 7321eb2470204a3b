using System.Xml.Linq;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Calls;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary>Finds out which verb an element is, and runs it.</summary>
sealed class TwimlVerbs(
    GatherVerb gather, ConnectVerb connect, DialVerb dial, PlayVerb play, CallProgress progress, TimeProvider clock)
{
    public async Task<AfterVerb> RunAsync(VerbContext context, XElement verb, CancellationToken cancellation)
    {
        switch (verb.Name.LocalName)
        {
            case "Say":
                await SayAsync(context, verb, cancellation);
                return AfterVerb.Next;
            case "Play":
                await play.RunAsync(context, verb, cancellation);
                return AfterVerb.Next;
            case "Pause":
                await Task.Delay(TimeSpan.FromSeconds(VerbContext.Number(verb, "length", 1)), clock, cancellation);
                return AfterVerb.Next;
            case "Gather":
                return await gather.RunAsync(context, verb, (nested, token) => RunAsync(context, nested, token), cancellation);
            case "Redirect":
                return AfterVerb.To(new TwimlSource(context.Document.Resolve(verb.Value), VerbContext.Method(verb)));
            case "Hangup":
                context.Call.Note("hangup", "TwiML <Hangup>");
                return AfterVerb.End;
            case "Reject":
                // Only an unanswered call can be rejected, and that is seen to before answering.
                return AfterVerb.End;
            case "Connect":
                return await connect.RunAsync(context, verb, cancellation);
            case "Start":
                connect.Start(context, verb);
                return AfterVerb.Next;
            case "Stop":
                connect.Stop(context, verb);
                return AfterVerb.Next;
            case "Dial":
                return await dial.RunAsync(context, verb, cancellation);
            default:
                progress.Error(context.Call, TwimlException.UnknownElement, $"<{verb.Name.LocalName}> is no verb that is simulated; it is skipped.");
                return AfterVerb.Next;
        }
    }

    static async Task SayAsync(VerbContext context, XElement verb, CancellationToken cancellation)
    {
        // SSML inside divides words: <break/>, <prosody> and the like.
        var spoken = string.Join(' ', verb.DescendantNodes().OfType<XText>().Select(part => part.Value));
        var text = string.Join(' ', spoken.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (text.Length == 0)
        {
            return;
        }

        context.Call.Note("say", text);
        var audio = ToneCode.Encode(text);
        for (var i = Math.Max(1, VerbContext.Number(verb, "loop", 1)); i > 0; i--)
        {
            await context.AnnounceAsync(audio, cancellation);
        }
    }
}
