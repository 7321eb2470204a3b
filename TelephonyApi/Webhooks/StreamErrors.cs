using System.Threading.Channels;
using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Calls;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// After a stream error Twilio should ask /twilio/continue; that is documented only where our side closed the socket. When it does not
/// within a second, the call is moved on by request.
/// </summary>
sealed class StreamErrors(CallMover mover, IOptions<DialOptions> options, TimeProvider clock, ILogger<StreamErrors> log) : BackgroundService
{
    // Full only when a thousand streams break within a second; what is dropped then is found by the watch for lapsed bridges.
    readonly Channel<(CallId Call, string Sid, long Answer, long At)> broken =
        System.Threading.Channels.Channel.CreateBounded<(CallId, string, long, long)>(new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Add(CallId call, string sid, long answer) => broken.Writer.TryWrite((call, sid, answer, clock.GetTimestamp()));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                broken.Reader.ReadAllAsync(stoppingToken),
                new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = stoppingToken },
                async (error, ct) => await MoveOnAsync(error.Call, error.Sid, error.Answer, error.At, ct));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            CallLog.Ended(log, "The watch for stream errors", "the service stops");
        }
    }

    async Task MoveOnAsync(CallId call, string sid, long answer, long at, CancellationToken ct)
    {
        try
        {
            var left = options.Value.StreamErrorGrace - clock.GetElapsedTime(at);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, clock, ct);
            }

            await mover.MoveAsync(call, sid, answer, ct);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            CallLog.Failed(log, error, $"Moving {call} on");
        }
    }
}
