using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Messaging.Tests.Redis;

public sealed class RedisSecurityTests
{
    static RedisClient Client(string connectionString) =>
        new(RedisOptions.Parse(connectionString) with { ConnectTimeout = TimeSpan.FromSeconds(4) }, TimeProvider.System, NullLogger<RedisClient>.Instance);

    [Fact]
    public async Task The_password_opens_Redis_and_a_wrong_or_missing_one_is_told()
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "p=a+ss");
        await using var right = Client($"{server.ConnectionString},password=p=a+ss");
        Assert.Equal("PONG", (await right.SendAsync(["PING"])).Text);

        await using var wrong = Client($"{server.ConnectionString},password=other");
        Assert.Contains("WRONGPASS", (await Assert.ThrowsAsync<RedisUnavailableException>(async () => await wrong.SendAsync(["PING"]))).Message);

        await using var missing = Client(server.ConnectionString);
        Assert.Contains("NOAUTH", (await Assert.ThrowsAsync<RedisUnavailableException>(async () => await missing.SendAsync(["PING"]))).Message);
    }

    [Fact]
    public async Task A_user_of_an_access_list_without_CLIENT_can_work()
    {
        await using var server = await RedisServer.StartAsync();
        await server.CommandAsync("ACL", "SETUSER", "city", "on", ">secret", "~*", "&*", "+@all", "-client");
        await using var redis = Client($"{server.ConnectionString},user=city,password=secret");
        Assert.Equal("city", (await redis.SendAsync(["ACL", "WHOAMI"])).Text);
        await using var reader = redis.OpenReader();
        Assert.Equal("PONG", (await reader.SendAsync(["PING"], CancellationToken.None)).Text);
    }

    [Fact]
    public async Task A_cluster_is_refused_with_the_reason()
    {
        await using var server = await RedisServer.StartAsync("--cluster-enabled", "yes");
        await using var redis = new RedisClient(
            RedisOptions.Parse(server.ConnectionString) with { ConnectTimeout = TimeSpan.FromSeconds(1) }, TimeProvider.System, NullLogger<RedisClient>.Instance);
        Assert.Contains("clustering off", (await Assert.ThrowsAsync<RedisUnavailableException>(async () => await redis.SendAsync(["PING"]))).Message);
    }

    [Fact]
    public async Task A_Redis_that_may_evict_is_warned_about_and_used()
    {
        await using var server = await RedisServer.StartAsync();
        await server.ConfigSetAsync("maxmemory-policy", "allkeys-lru");
        var log = new LogKeeper();
        await using var redis = new RedisClient(RedisOptions.Parse(server.ConnectionString), TimeProvider.System, log);
        Assert.Equal("PONG", (await redis.SendAsync(["PING"])).Text);
        Assert.Contains(log.Lines, line => line.Contains("noeviction") && line.Contains("allkeys-lru"));
    }

    sealed class LogKeeper : ILogger<RedisClient>
    {
        public ConcurrentQueue<string> Lines { get; } = new();
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));
    }

    [Fact]
    public async Task TLS_is_spoken_where_the_certificate_is_trusted_and_refused_where_it_is_not()
    {
        var directory = Directory.CreateTempSubdirectory("cm-tls-");
        try
        {
            var (certificate, key) = (Path.Combine(directory.FullName, "cert.pem"), Path.Combine(directory.FullName, "key.pem"));
            WriteCertificate(certificate, key);
            var tlsPort = RedisServer.FreePort();
            await using var server = await RedisServer.StartAsync(
                "--tls-port", $"{tlsPort}", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no");
            await using var trusting = Client($"127.0.0.1:{tlsPort},ssl=true,sslCa={certificate}");
            var value = new byte[1024 * 1024];
            Random.Shared.NextBytes(value);
            await trusting.SendAsync(["SET", "big", value]);
            Assert.Equal(value, (await trusting.SendAsync(["GET", "big"])).Bytes.ToArray());
            await using var reader = trusting.OpenReader();
            Assert.Equal("PONG", (await reader.SendAsync(["PING"], CancellationToken.None)).Text);

            await using var doubting = Client($"127.0.0.1:{tlsPort},ssl=true");
            Assert.Contains("certificate", (await Assert.ThrowsAsync<RedisUnavailableException>(async () => await doubting.SendAsync(["PING"]))).Message);
            await using var plain = new RedisClient(new RedisOptions("127.0.0.1", tlsPort) { ConnectTimeout = TimeSpan.FromSeconds(1) }, TimeProvider.System, NullLogger<RedisClient>.Instance);
            await Assert.ThrowsAsync<RedisUnavailableException>(async () => await plain.SendAsync(["PING"]));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    static void WriteCertificate(string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
    }
}
