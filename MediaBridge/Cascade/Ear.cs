using System.Threading.Channels;
using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>What the ear tells; from a vendor's read loop or the ear's own.</summary>
interface IEarEvents
{
    void Heard(Transcript transcript);

    void EarAlive();

    /// <summary>The connection is gone; what it had only half understood is no turn.</summary>
    void EarLost();

    /// <summary>Another connection hears from now on: the utterance under way should be played to it.</summary>
    /// <param name="take">Lets the new connection hear; what is played to it must come before the next live sound.</param>
    void EarRenewed(Action take);

    /// <summary>Nobody can hear the caller.</summary>
    void EarFailed(string reason);
}

/// <summary>
/// One call's ear: a connection to a vendor, replaced where it breaks off, refuses or goes mute; by the same vendor if that answers at
/// once, else by the next one. One loop owns every connection, so none is left open.
/// </summary>
sealed class Ear(IReadOnlyList<IEarMaker> makers, ListenSettings settings, CascadeOptions options, IEarEvents events, TimeProvider clock, ILogger log)
    : ISpeechToTextEvents, IAsyncDisposable
{
    const int Rounds = 3;

    readonly CancellationTokenSource stop = new();
    readonly Channel<(ISpeechToText Lost, string Reason)> losses = Channel.CreateBounded<(ISpeechToText, string)>(
        new BoundedChannelOptions(8) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    volatile ISpeechToText? open;
    Task owning = Task.CompletedTask;

    /// <summary>Opens the first connection; then the ear keeps one open by itself.</summary>
    /// <exception cref="EngineRefusedException">No vendor was there.</exception>
    public async Task OpenAsync(CancellationToken ct)
    {
        open = await OpenAnyAsync(0, ct);
        owning = OwnAsync();
    }

    public void Hear(ReadOnlySpan<byte> mulaw) => open?.Hear(mulaw);

    public void SpeechStarted() => open?.SpeechStarted();

    public void SpeechEnded() => open?.SpeechEnded();

    public void Tick() => open?.Tick();

    /// <summary>It has the end of an utterance and is still writing it down.</summary>
    public bool IsWriting => open is { IsWriting: true };

    /// <summary>Nothing has come from it although the caller has spoken.</summary>
    public void GiveUpMute()
    {
        if (open is { } mute)
        {
            VendorSocket.Count(mute.Vendor, "mute");
            Lost(mute, "mute");
        }
    }

    public void Heard(ISpeechToText from, Transcript transcript)
    {
        if (ReferenceEquals(from, open))
        {
            events.Heard(transcript);
        }
    }

    public void Alive(ISpeechToText from)
    {
        if (ReferenceEquals(from, open))
        {
            events.EarAlive();
        }
    }

    public void Lost(ISpeechToText from, string reason) => losses.Writer.TryWrite((from, reason));

    async Task OwnAsync()
    {
        try
        {
            await foreach (var (lost, reason) in losses.Reader.ReadAllAsync(stop.Token))
            {
                if (!ReferenceEquals(lost, open))
                {
                    continue;
                }

                CascadeLog.EarLost(log, lost.Vendor, reason);
                open = null;
                events.EarLost();
                BridgeTelemetry.EngineReopened.Add(1, BridgeTelemetry.Tag("reason", $"ear-{(reason == "mute" ? "mute" : "lost")}"));
                var leaving = lost.DisposeAsync();
                var same = Math.Max(0, makers.ToList().FindIndex(maker => maker.Name == lost.Vendor));
                // A vendor that is mute would most likely be mute again.
                if (!await RenewAsync(reason == "mute" ? same + 1 : same))
                {
                    events.EarFailed(reason);
                }

                await leaving;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The engine is over.
        }
#pragma warning disable CA1031 // A fault of ours: without this loop the call would be deaf for ever, and nobody would know.
        catch (Exception error)
#pragma warning restore CA1031
        {
            CascadeLog.Broken(log, error);
            events.EarFailed("broken");
        }
    }

    async Task<bool> RenewAsync(int first)
    {
        for (var round = 1; round <= Rounds; round++)
        {
            try
            {
                var next = await OpenAnyAsync(first, stop.Token);
                events.EarRenewed(() => open = next);
                return true;
            }
            catch (EngineRefusedException refused)
            {
                CascadeLog.EarNotOpened(log, refused.Message);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100 * round), clock, stop.Token);
        }

        return false;
    }

    /// <summary>Tries one vendor, and beside it the next one where it takes its time; the first to open wins.</summary>
    async Task<ISpeechToText> OpenAnyAsync(int first, CancellationToken ct)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var attempts = new List<Task<ISpeechToText>>();
        Exception? last = null;
        try
        {
            for (var i = 0; i < makers.Count; i++)
            {
                attempts.Add(AttemptAsync(makers[(first + i) % makers.Count], others.Token));
                var hedge = i < makers.Count - 1 ? Task.Delay(TimeSpan.FromMilliseconds(options.HedgeMs), clock, others.Token) : Task.Delay(Timeout.InfiniteTimeSpan, clock, others.Token);
                while (attempts.Exists(attempt => !attempt.IsCompleted) || attempts.Exists(attempt => attempt.IsCompletedSuccessfully))
                {
                    if (attempts.Find(attempt => attempt.IsCompletedSuccessfully) is { } winner)
                    {
                        attempts.Remove(winner);
                        return await winner;
                    }

                    if (await Task.WhenAny([.. attempts.Where(attempt => !attempt.IsCompleted), hedge]) == hedge)
                    {
                        break;
                    }
                }
            }
        }
        finally
        {
            await others.CancelAsync();
            foreach (var attempt in attempts)
            {
                try
                {
                    await (await attempt).DisposeAsync(); // opened after all, too late
                }
                catch (Exception error) when (error is EngineRefusedException or OperationCanceledException)
                {
                    last = error;
                }
            }
        }

        ct.ThrowIfCancellationRequested();
        throw last as EngineRefusedException ?? new EngineRefusedException("No ear has opened.", final: false);
    }

    async Task<ISpeechToText> AttemptAsync(IEarMaker maker, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(options.OpenTimeoutMs);
        try
        {
            return await maker.OpenAsync(settings, this, patience.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            VendorSocket.Count(maker.Name, "open-timeout");
            throw new EngineRefusedException($"{maker.Name} did not open in time.", final: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await owning;
        if (open is { } last)
        {
            open = null;
            await last.DisposeAsync();
        }

        stop.Dispose();
    }
}
