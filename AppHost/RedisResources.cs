using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using CityMonitor.Hosting;

namespace CityMonitor.AppHost;

/// <summary>Redis under the connection name "redis", and what to wait for before using it.</summary>
sealed record CityRedis(IResourceBuilder<IResourceWithConnectionString> Connection, IResourceBuilder<IResource> Ready);

static class RedisResources
{
    /// <summary>
    /// An external one where ConnectionStrings:redis is given; a container where an engine runs, and always when publishing; else
    /// the redis-server on PATH, because a container resource without an engine would keep everything waiting for ever.
    /// </summary>
    public static CityRedis AddCityRedis(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode && !string.IsNullOrWhiteSpace(builder.Configuration[Topology.RedisKey]))
        {
            var external = builder.AddConnectionString(Topology.Redis);
            return new CityRedis(external, external);
        }

        return builder.ExecutionContext.IsPublishMode || HasContainerEngine(builder) ? AddContainer(builder) : AddExecutable(builder);
    }

    static CityRedis AddContainer(IDistributedApplicationBuilder builder)
    {
        var redis = builder.AddRedis(Topology.Redis).WithDataVolume().WithPersistence();
        if (builder.ExecutionContext.IsRunMode)
        {
            // When publishing, the arguments are one shell line already and these would be lost; deploy/ sets them there.
            redis.WithArgs("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction");
        }

        return new CityRedis(redis, redis);
    }

    static CityRedis AddExecutable(IDistributedApplicationBuilder builder)
    {
        var port = Topology.RedisPort.ToString(CultureInfo.InvariantCulture);
        var directory = Path.Combine(Path.GetTempPath(), "city-monitor-aspire-redis");
        Directory.CreateDirectory(directory);
        string[] arguments = ["--port", port, "--bind", "127.0.0.1", "--dir", directory, .. Topology.RedisArguments];
        var server = builder.AddExecutable("redis-server", "redis-server", directory, arguments)
            .WithEndpoint(port: Topology.RedisPort, targetPort: Topology.RedisPort, scheme: "tcp", name: "tcp", isProxied: false);
        var connection = builder.AddConnectionString(Topology.Redis, ReferenceExpression.Create($"127.0.0.1:{port}"));
        return new CityRedis(connection, server);
    }

    static bool HasContainerEngine(IDistributedApplicationBuilder builder)
    {
        var chosen = builder.Configuration["ASPIRE_CONTAINER_RUNTIME"] ?? builder.Configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
        string[] engines = chosen is { Length: > 0 } ? [chosen] : ["docker", "podman"];
        return Array.Exists(engines, Answers);
    }

    // `docker info` fails when the client is there but its daemon is not.
    static bool Answers(string engine)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(engine, "info") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(TimeSpan.FromSeconds(5)))
            {
                return process.ExitCode == 0;
            }

            process.Kill();
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
