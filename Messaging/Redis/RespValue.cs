using System.Text;

namespace CityMonitor.Messaging.Redis;

/// <summary>An argument of a command; converts from text, numbers and bytes.</summary>
public readonly struct RedisArg
{
    readonly string? _text;
    readonly ReadOnlyMemory<byte> _bytes;
    readonly long _number;
    readonly byte _kind;

    RedisArg(string? text, ReadOnlyMemory<byte> bytes, long number, byte kind) => (_text, _bytes, _number, _kind) = (text, bytes, number, kind);

    public static implicit operator RedisArg(string text) => new(text, default, 0, 0);
    public static implicit operator RedisArg(long number) => new(null, default, number, 1);
    public static implicit operator RedisArg(byte[] bytes) => new(null, bytes, 0, 2);
    public static implicit operator RedisArg(ReadOnlyMemory<byte> bytes) => new(null, bytes, 0, 2);

    internal string? Text => _text;
    internal ReadOnlyMemory<byte> Bytes => _bytes;
    internal long Number => _number;
    internal byte Kind => _kind;
}

/// <summary>A reply: null, an integer, a string of bytes or an array. Errors are thrown as <see cref="RedisServerException"/>.</summary>
public sealed class RespValue
{
    public static readonly RespValue Null = new(null, 0, null);

    readonly byte[]? _bytes;
    readonly long _number;
    readonly RespValue[]? _items;

    RespValue(byte[]? bytes, long number, RespValue[]? items) => (_bytes, _number, _items) = (bytes, number, items);

    public static RespValue Of(byte[] bytes) => new(bytes, 0, null);
    public static RespValue Of(long number) => new(null, number, null);
    public static RespValue Of(RespValue[] items) => new(null, 0, items);

    public bool IsNull => ReferenceEquals(this, Null);
    public IReadOnlyList<RespValue> Items => _items ?? [];
    public ReadOnlyMemory<byte> Bytes => _bytes ?? ReadOnlyMemory<byte>.Empty;

    /// <summary>Null for a null reply; an integer as its digits.</summary>
    public string? Text => IsNull ? null : _bytes is null ? _number.ToString(System.Globalization.CultureInfo.InvariantCulture) : Encoding.UTF8.GetString(_bytes);

    /// <summary>An integer reply, or a string that holds one.</summary>
    public long Number => _bytes is null ? _number : long.Parse(_bytes, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>An even array (HGETALL, an entry's fields) as a dictionary.</summary>
    public Dictionary<string, RespValue> ToDictionary()
    {
        var pairs = new Dictionary<string, RespValue>(Items.Count / 2, StringComparer.Ordinal);
        for (var i = 0; i + 1 < Items.Count; i += 2)
        {
            pairs[Items[i].Text!] = Items[i + 1];
        }

        return pairs;
    }
}
