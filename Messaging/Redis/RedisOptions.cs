namespace CityMonitor.Messaging.Redis;

/// <summary>Where Redis is, from ConnectionStrings:redis in the form that Aspire injects.</summary>
public sealed record RedisOptions(string Host, int Port, string? User = null, string? Password = null, bool Tls = false)
{
    /// <summary>Longest wait for a connection; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for the answer to a non-blocking command; default 5 s. After it the outcome is unknown.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>host:port[,password=...][,user=...][,ssl=true]; unknown parts are an error that names them.</summary>
    public static RedisOptions Parse(string connectionString) => throw new NotSupportedException();
}
