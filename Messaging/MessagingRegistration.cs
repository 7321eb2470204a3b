using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging;

public static class MessagingRegistration
{
    /// <summary>RedisClient, MessageBus, CallStore, IncidentStore from ConnectionStrings:redis.</summary>
    /// <param name="service">The service's name, for consumer names, audit entries and telemetry.</param>
    public static IServiceCollection AddMessaging(this IServiceCollection services, string connectionString, string service) => throw new NotSupportedException();
}
