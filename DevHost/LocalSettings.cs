using System.Collections;

namespace CityMonitor.Hosting;

/// <summary>What the user set: the environment, and a .env file beside run.sh for what the environment does not say.</summary>
static class LocalSettings
{
    public static Dictionary<string, string> Read(string? envFile)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            settings[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        if (envFile is not null && File.Exists(envFile))
        {
            foreach (var (name, value) in File.ReadLines(envFile).Select(Parse).OfType<(string Name, string Value)>())
            {
                settings.TryAdd(name, value);
            }
        }

        return settings;
    }

    /// <summary>
    /// <c>NAME=value</c>, <c>export NAME="value"</c>; a '#' line or one without '=' says nothing.
    /// </summary>
    public static (string Name, string Value)? Parse(string line)
    {
        var text = line.Trim();
        if (text.StartsWith("export ", StringComparison.Ordinal))
        {
            text = text["export ".Length..].TrimStart();
        }

        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1 || text[0] == '#')
        {
            return null;
        }

        var value = text[(equals + 1)..].Trim();
        if (value.Length >= 2 && value[0] == value[^1] && value[0] is '"' or '\'')
        {
            value = value[1..^1];
        }
        else if (value.IndexOf(" #", StringComparison.Ordinal) is >= 0 and var comment)
        {
            value = value[..comment].TrimEnd();
        }

        return (text[..equals].Trim(), value);
    }

    /// <summary>Default ports, overridden by --port Name=number and, for TelephonyApi, by the PORT of the source system.</summary>
    public static Dictionary<string, int> PortsOf(IReadOnlyDictionary<string, string> settings, IEnumerable<string> given)
    {
        var ports = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase)
        {
            ["Redis"] = Topology.RedisPort,
            [Topology.Simulator.Project] = Topology.Simulator.Port,
        };
        foreach (var service in Topology.Services)
        {
            ports[service.Project] = service.Port;
        }

        foreach (var vendor in Topology.Vendors)
        {
            ports[vendor.Name] = vendor.Port;
        }

        if (settings.TryGetValue("PORT", out var port))
        {
            ports[Topology.TelephonyApi.Project] = Number("PORT", port);
        }

        foreach (var (name, number) in Given(given))
        {
            ports[name] = number;
        }

        return ports;
    }

    /// <summary>The ports of --port Name=number alone.</summary>
    public static Dictionary<string, int> Given(IEnumerable<string> pairs)
    {
        string[] names = ["Redis", Topology.Simulator.Project, .. Topology.Services.Select(s => s.Project), .. Topology.Vendors.Select(v => v.Name)];
        var ports = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in pairs)
        {
            var parts = pair.Split('=', 2);
            if (parts.Length != 2 || !names.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
            {
                throw new CityStartException($"--port {pair} is not understood: it is --port Name=number, where Name is one of {string.Join(", ", names)}; for example --port TelephonyApi=6000.");
            }

            ports[parts[0]] = Number($"--port {parts[0]}", parts[1]);
        }

        return ports;
    }

    static int Number(string name, string text) =>
        int.TryParse(text, out var number) && number is >= 1 and <= 65535 ? number
            : throw new CityStartException($"{name} must be a TCP port from 1 to 65535, for example 6000; it is '{text}'.");
}
