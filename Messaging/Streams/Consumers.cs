using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>One delivery of a message. DeliveryCount is 1 at first; it counts exceptions and crashes, never Retry.</summary>
public sealed record Delivery(Message Message, string EntryId, DateTimeOffset At, long DeliveryCount);

/// <summary>What became of a delivery.</summary>
public readonly record struct Handled
{
    public static readonly Handled Done;

    /// <summary>Not now (an outage, a limit): acknowledged, and published again after the delay, in one script with the step. Does not count as a failure.</summary>
    public static Handled Retry(TimeSpan after) => new() { RetryAfter = after };

    /// <summary>Never: goes to cm:dead with the reason.</summary>
    public static Handled Dead(string reason) => new() { DeadReason = reason };

    public TimeSpan? RetryAfter { get; private init; }
    public string? DeadReason { get; private init; }
}

/// <summary>Handles the messages of one stream. Throwing counts as a failure: five, then cm:dead.</summary>
public interface IMessageHandler
{
    ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct);
}

public static class ConsumerRegistration
{
    /// <summary>Competes with the other replicas for a work stream's messages (cm:telephony, cm:media, cm:tickets): each goes to one of them.</summary>
    /// <param name="concurrency">How many messages are handled at once.</param>
    /// <param name="abandonedSeconds">What its consumer has not renewed for so long is done by another one. Renewed each second, so at least 3.</param>
    public static IServiceCollection AddWorkStream<THandler>(this IServiceCollection services, string stream, int concurrency = 16, int abandonedSeconds = 5)
        where THandler : class, IMessageHandler
    {
        services.AddUpkeep().TryAddSingleton<THandler>();
        return services.AddSingleton<IHostedService>(provider => new WorkStream(
            stream, concurrency, TimeSpan.FromSeconds(abandonedSeconds), provider.GetRequiredService<RedisClient>(), provider.GetRequiredService<Groups>(), provider.Handling<THandler>(HandlingLimits.SideBySide),
            provider.GetRequiredService<MessagingIdentity>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<WorkStream>>()));
    }

    /// <summary>
    /// Takes its share of the cm:agent:{p} partitions by lease, reads all of them with one blocking read, and hands each message to one
    /// in-order queue per root. Also runs the timers, the janitor and the dead-letter watch, each under its own lease.
    /// </summary>
    public static IServiceCollection AddAgentPartitions<THandler>(this IServiceCollection services)
        where THandler : class, IMessageHandler
    {
        services.AddUpkeep().TryAddSingleton<THandler>();
        return services.AddSingleton<IHostedService>(provider => new AgentPartitions(
            provider.GetRequiredService<RedisClient>(), provider.GetRequiredService<Groups>(), provider.Handling<THandler>(HandlingLimits.InOrder),
            provider.GetRequiredService<MessagingIdentity>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AgentPartitions>>()));
    }

    /// <summary>This process's bridge id and the plain XREAD of cm:speech:{bridge}, handed to <typeparamref name="TListener"/>.</summary>
    public static IServiceCollection AddSpeechStream<TListener>(this IServiceCollection services)
        where TListener : class, ISpeechListener
    {
        services.TryAddSingleton<TListener>();
        return services.AddSingleton<IHostedService>(provider => new SpeechStream(
            provider.GetRequiredService<RedisClient>(), provider.GetRequiredService<BridgeId>(), provider.GetRequiredService<TListener>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SpeechStream>>()));
    }

    /// <summary>Every process that consumes can run the timers and the janitor: retries need them even where no agent worker is alive.</summary>
    static IServiceCollection AddUpkeep(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, TimerPump>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, Janitor>());
        return services;
    }

    static EntryHandling Handling<THandler>(this IServiceProvider provider, HandlingLimits usual) where THandler : class, IMessageHandler => new(
        provider.GetRequiredService<RedisClient>(), provider.GetRequiredService<Committer>(), provider.GetRequiredService<THandler>(),
        provider.GetService<HandlingLimits>() ?? usual, provider.GetRequiredService<MessagingIdentity>().Service, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<EntryHandling>>());
}

/// <summary>A new id per process start.</summary>
public sealed record BridgeId(string Value);

/// <summary>Receives what AgentWorker says to the calls of this bridge, in order, never concurrently; must not block.</summary>
public interface ISpeechListener
{
    void Receive(SpeechMessage message);
}
