using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>The plain XREAD of this bridge's cm:speech stream, from its beginning: the bridge's id is new, so all in it is for this process.</summary>
sealed class SpeechStream(RedisClient redis, BridgeId bridge, ISpeechListener listener, TimeProvider clock, ILogger<SpeechStream> log) : BackgroundService
{
    const int BlockMilliseconds = 2000;
    const int Batch = 256;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await using var reader = redis.OpenReader();
        var stream = Keys.Speech(bridge.Value);
        var last = "0-0";
        var backoff = new Backoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var reply = await reader.SendAsync(["XREAD", "COUNT", Batch, "BLOCK", BlockMilliseconds, "STREAMS", stream, last], stoppingToken);
                foreach (var entry in StreamEntry.OfRead(reply))
                {
                    Hand(entry);
                    last = entry.Id;
                }

                backoff.Reset();
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // WRONGTYPE, a break, anything: the calls of this bridge need the next message all the same.
                StreamLog.ReadInterrupted(log, stream, error.Message, error is RedisException ? null : error);
                await Task.Delay(backoff.Next(), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
        }

        StreamLog.ReaderEnded(log, stream);
    }

    void Hand(StreamEntry entry)
    {
        if (Envelope.Read(entry, out var problem) is not SpeechMessage message)
        {
            StreamLog.SpeechNotHeard(log, problem ?? "It is not for a bridge.", null);
            return;
        }

        using var activity = Telemetry.Handling(entry, bridge.Value);
        try
        {
            listener.Receive(message);
        }
        catch (Exception error)
        {
            // One call's error must not silence the other calls of this bridge.
            StreamLog.SpeechNotHeard(log, error.Message, error);
        }
    }
}
