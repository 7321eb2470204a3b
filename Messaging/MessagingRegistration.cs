using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CityMonitor.Messaging;

public static class MessagingRegistration
{
    /// <summary>RedisClient, MessageBus, CallStore, IncidentStore and the rest of the spine from ConnectionStrings:redis.</summary>
    /// <param name="service">The service's name, for consumer names, audit entries and telemetry.</param>
    /// <exception cref="FormatException">The connection string is not host:port[,password=...][,user=...][,ssl=true].</exception>
    public static IServiceCollection AddMessaging(this IServiceCollection services, string connectionString, string service)
    {
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(RedisOptions.Parse(connectionString));
        services.AddSingleton(new MessagingIdentity(service, Guid.NewGuid().ToString("N")));
        services.AddSingleton<RedisClient>();
        services.AddSingleton<Committer>();
        services.AddSingleton<Groups>();
        services.AddSingleton<Leases>();
        services.AddSingleton<Timers>();
        services.AddSingleton<DeadLetters>();
        services.AddSingleton<CallStore>();
        services.AddSingleton<IncidentStore>();
        services.AddSingleton<ReceptionStore>();
        services.AddSingleton<ErasureStore>();
        services.AddSingleton<AnswerStore>();
        services.AddSingleton(provider => new MessageBus(
            provider.GetRequiredService<RedisClient>(), provider.GetRequiredService<Committer>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ => new BridgeId(Guid.NewGuid().ToString("N")));
        return services;
    }
}

/// <param name="Service">The service's name.</param>
/// <param name="Instance">This process: its consumer name and the holder of its leases.</param>
sealed record MessagingIdentity(string Service, string Instance);
