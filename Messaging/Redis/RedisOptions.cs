using System.Globalization;

namespace CityMonitor.Messaging.Redis;

/// <summary>Where Redis is, from ConnectionStrings:redis in the form that Aspire injects.</summary>
public sealed record RedisOptions(string Host, int Port, string? User = null, string? Password = null, bool Tls = false)
{
    const string Example = "for example localhost:6379 or redis.example.org:6380,password=...,ssl=true";

    /// <summary>Longest wait for a connection; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for the answer to a non-blocking command; default 5 s. After it the outcome is unknown.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait for the answer to a blocking command (the reader's BLOCK must be shorter); default 30 s.</summary>
    public TimeSpan ReaderTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A PEM file with the certificate authority that signed the server's certificate, where the system does not trust it.</summary>
    public string? CertificateAuthority { get; init; }

    /// <summary>host:port[,password=...][,user=...][,ssl=true][,sslCa=/path/ca.pem]; unknown parts are an error that names them.</summary>
    public static RedisOptions Parse(string connectionString)
    {
        var parts = (connectionString ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
        {
            throw new FormatException($"ConnectionStrings:redis is empty; it must be host:port, {Example}.");
        }

        var (host, port) = Endpoint(parts[0]);
        var options = new RedisOptions(host, port);
        foreach (var part in parts.AsSpan(1))
        {
            // The first '=' separates: a password may hold more of them.
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? part : part[..equals];
            var value = equals < 0 ? "" : part[(equals + 1)..];
            options = name.ToLowerInvariant() switch
            {
                "password" => options with { Password = value.Length == 0 ? null : value },
                "user" => options with { User = value.Length == 0 ? null : value },
                "ssl" => options with { Tls = IsTrue(name, value) },
                "sslca" => options with { CertificateAuthority = value },
                // Aspire and the common clients add this one; waiting for Redis is what we do anyway.
                "abortconnect" => options,
                _ => throw new FormatException($"ConnectionStrings:redis has an unknown part '{name}'; known are password, user, ssl and sslCa, {Example}."),
            };
        }

        return options;
    }

    /// <summary>Without the password: records print all their members, and options end up in logs.</summary>
    public override string ToString() => $"{Host}:{Port.ToString(CultureInfo.InvariantCulture)}{(Tls ? " (TLS)" : "")}";

    static (string Host, int Port) Endpoint(string text)
    {
        // [::1]:6379 has colons within brackets; only the last colon separates the port.
        var colon = text.LastIndexOf(':');
        var hasPort = colon > text.LastIndexOf(']');
        var host = (hasPort ? text[..colon] : text).Trim('[', ']');
        var port = 6379;
        if (host.Length == 0 || host.Contains('=', StringComparison.Ordinal)
            || (hasPort && (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)))
        {
            throw new FormatException($"ConnectionStrings:redis starts with '{(host.Contains('=', StringComparison.Ordinal) ? "..." : text)}'; it must start with host:port, {Example}.");
        }

        return (host, port);
    }

    static bool IsTrue(string name, string value) =>
        bool.TryParse(value, out var result) ? result : throw new FormatException($"ConnectionStrings:redis has '{name}={value}'; it must be true or false, {Example}.");
}
