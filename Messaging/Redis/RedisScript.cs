using System.Security.Cryptography;
using System.Text;

namespace CityMonitor.Messaging.Redis;

/// <summary>A Lua script and its SHA-1.</summary>
public sealed class RedisScript(string lua)
{
    public string Lua { get; } = lua;

    public string Sha1 { get; } = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(lua)));
}
