using System.Diagnostics;
using System.Globalization;
using CityMonitor.Messaging;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.Bench;

/// <summary>The consuming process: one consumer of group workers on cm:telephony, with the same code that the services run.</summary>
sealed class Consumer(int expected) : IMessageHandler
{
    readonly double[] _milliseconds = new double[expected];
    readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;

    public long FirstAt { get; private set; }
    public Task All => _all.Task;
    public IReadOnlyList<double> Milliseconds => _milliseconds;

    public static async Task<(IHost Host, Consumer Consumer)> StartAsync(string connection, int expected)
    {
        var consumer = new Consumer(expected);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddMessaging(connection, "Bench").AddSingleton(consumer).AddWorkStream<Consumer>(Keys.Telephony, concurrency: 512);
        var host = builder.Build();
        await host.StartAsync();
        return (host, consumer);
    }

    public ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        var now = Stopwatch.GetTimestamp();
        var sent = long.Parse(((EndCall)delivery.Message).Reason, CultureInfo.InvariantCulture);
        var i = Interlocked.Increment(ref _count);
        if (i == 1)
        {
            FirstAt = now;
        }

        if (i <= expected)
        {
            _milliseconds[i - 1] = Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds;
        }

        if (i == expected)
        {
            _all.TrySetResult();
        }

        return ValueTask.FromResult(Handled.Done);
    }
}
