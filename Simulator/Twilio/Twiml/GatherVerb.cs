using System.Threading.Channels;
using System.Xml.Linq;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Lines;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary>Collects keys (and speech, where asked) while it speaks and after it, and takes them to its action.</summary>
sealed class GatherVerb(TimeProvider clock)
{
    public async Task<AfterVerb> RunAsync(
        VerbContext context, XElement gather, Func<XElement, CancellationToken, Task<AfterVerb>> runNested, CancellationToken cancellation)
    {
        var rules = Rules.Of(gather);
        // Written by the audio thread; a person cannot press faster than this holds, and what is beyond it is dropped.
        var inputs = Channel.CreateBounded<Input>(new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropWrite });
        var ear = rules.Speech ? new SpeechEar(inputs.Writer) : null;
        if (rules.Keys)
        {
            context.Line.KeyPressed = key => inputs.Writer.TryWrite(new Input(key, null));
        }

        if (ear is not null)
        {
            context.Line.AddTap(ear);
        }

        try
        {
            await PromptAsync(gather, runNested, inputs.Reader, cancellation);
            var (digits, speech) = await CollectAsync(rules, inputs.Reader, cancellation);
            context.Call.Note("gathered", speech ?? digits);
            return After(context, gather, digits, speech);
        }
        finally
        {
            context.Line.KeyPressed = null;
            if (ear is not null)
            {
                context.Line.RemoveTap(ear);
            }
        }
    }

    static AfterVerb After(VerbContext context, XElement gather, string digits, string? speech) =>
        speech is not null ? AfterVerb.To(context.Source(gather, "action", new("SpeechResult", speech), new("Confidence", "0.95")))
        : digits.Length > 0 || VerbContext.Flag(gather, "actionOnEmptyResult")
            ? AfterVerb.To(context.Source(gather, "action", new("Digits", digits), new("msg", "Gather End"), new("FinishedOnKey", "")))
            : AfterVerb.Next;

    /// <summary>Runs what is nested, until it ends or the first key interrupts it.</summary>
    static async Task PromptAsync(
        XElement gather, Func<XElement, CancellationToken, Task<AfterVerb>> runNested, ChannelReader<Input> inputs, CancellationToken cancellation)
    {
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var input = inputs.WaitToReadAsync(interrupted.Token).AsTask();
        var prompts = NestedAsync();
        await Task.WhenAny(input, prompts);
        await interrupted.CancelAsync();
        try
        {
            await prompts;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Interrupted by a key.
        }

        await ((Task)input).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();

        async Task NestedAsync()
        {
            foreach (var nested in gather.Elements().Where(element => element.Name.LocalName is "Say" or "Play" or "Pause"))
            {
                await runNested(nested, interrupted.Token);
            }
        }
    }

    async Task<(string Digits, string? Speech)> CollectAsync(Rules rules, ChannelReader<Input> inputs, CancellationToken cancellation)
    {
        var digits = "";
        while (digits.Length < rules.NumDigits)
        {
            using var silence = new CancellationTokenSource(rules.Timeout, clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellation);
            Input input;
            try
            {
                input = await inputs.ReadAsync(both.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                break;
            }

            if (input.Speech is { } speech)
            {
                return (digits, speech);
            }

            if (rules.FinishOnKey.Contains(input.Key))
            {
                break;
            }

            digits += input.Key;
        }

        return (digits, null);
    }

    readonly record struct Input(char Key, string? Speech);

    sealed record Rules(int NumDigits, TimeSpan Timeout, string FinishOnKey, bool Keys, bool Speech)
    {
        public static Rules Of(XElement gather)
        {
            var input = gather.Attribute("input")?.Value ?? "dtmf";
            return new Rules(
                VerbContext.Number(gather, "numDigits", int.MaxValue),
                TimeSpan.FromSeconds(VerbContext.Number(gather, "timeout", 5)),
                gather.Attribute("finishOnKey")?.Value ?? "#",
                input.Contains("dtmf", StringComparison.Ordinal),
                input.Contains("speech", StringComparison.Ordinal));
        }
    }

    sealed class SpeechEar(ChannelWriter<Input> inputs) : ILineTap
    {
        readonly ToneDecoder decoder = new(TimeSpan.FromSeconds(1));

        public void Tap(ReadOnlySpan<byte> fromPhone, ReadOnlySpan<byte> toPhone)
        {
            decoder.Feed(fromPhone);
            if (decoder.UtteranceEnded && decoder.TakeUtterance() is { Length: > 0 } text)
            {
                inputs.TryWrite(new Input('\0', text));
            }
        }
    }
}
