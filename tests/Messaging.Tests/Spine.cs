using System.Collections.Concurrent;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Tests;

/// <summary>One process of the system, in this process: messaging, and whatever consumers a test adds.</summary>
sealed class Spine : IAsyncDisposable
{
    readonly IHost _host;

    Spine(IHost host) => _host = host;

    public RedisClient Redis => Get<RedisClient>();
    public MessageBus Bus => Get<MessageBus>();

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    public static async Task<Spine> StartAsync(string connectionString, Action<IServiceCollection>? add = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddProvider(new TestLog());
        builder.Services.AddMessaging(connectionString, "Tests");
        add?.Invoke(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        return new Spine(host);
    }

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}

/// <summary>Handles messages by a function of the test and keeps what it was given.</summary>
sealed class Recorder(Func<Delivery, Step, CancellationToken, ValueTask<Handled>>? handle = null) : IMessageHandler
{
    public ConcurrentQueue<Delivery> Deliveries { get; } = new();

    public ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        Deliveries.Enqueue(delivery);
        return handle is null ? ValueTask.FromResult(Handled.Done) : handle(delivery, step, ct);
    }
}

sealed class TestLog : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
