using System.Globalization;
using System.Text;

namespace CityMonitor.Messaging.Redis;

enum RedisArgKind : byte { Text, Number, Bytes }

/// <summary>An argument of a command; converts from text, numbers and bytes.</summary>
public readonly struct RedisArg
{
    readonly string? _text;
    readonly ReadOnlyMemory<byte> _bytes;
    readonly long _number;

    RedisArg(string? text, ReadOnlyMemory<byte> bytes, long number, RedisArgKind kind) => (_text, _bytes, _number, Kind) = (text, bytes, number, kind);

    public static implicit operator RedisArg(string text) => new(text, default, 0, RedisArgKind.Text);
    public static implicit operator RedisArg(long number) => new(null, default, number, RedisArgKind.Number);
    public static implicit operator RedisArg(byte[] bytes) => new(null, bytes, 0, RedisArgKind.Bytes);
    public static implicit operator RedisArg(ReadOnlyMemory<byte> bytes) => new(null, bytes, 0, RedisArgKind.Bytes);

    internal string? Text => _text;
    internal ReadOnlyMemory<byte> Bytes => _bytes;
    internal long Number => _number;
    internal RedisArgKind Kind { get; }
}

/// <summary>A reply: null, an integer, a string of bytes or an array. Errors are thrown as <see cref="RedisServerException"/>.</summary>
public sealed class RespValue
{
    public static readonly RespValue Null = new(null, 0, null);
    internal static readonly RespValue Ok = Of("OK"u8.ToArray());
    internal static readonly RespValue Empty = Of(Array.Empty<RespValue>());
    static readonly RespValue[] s_small = [.. Enumerable.Range(0, 128).Select(number => new RespValue(null, number, null))];

    readonly byte[]? _bytes;
    readonly long _number;
    readonly RespValue[]? _items;

    RespValue(byte[]? bytes, long number, RespValue[]? items, bool isError = false) => (_bytes, _number, _items, IsError) = (bytes, number, items, isError);

    public static RespValue Of(byte[] bytes) => new(bytes, 0, null);
    public static RespValue Of(long number) => number is >= 0 and < 128 ? s_small[number] : new(null, number, null);
    public static RespValue Of(RespValue[] items) => new(null, 0, items);
    internal static RespValue OfError(byte[] bytes) => new(bytes, 0, null, isError: true);

    public bool IsNull => ReferenceEquals(this, Null);
    internal bool IsError { get; }
    public IReadOnlyList<RespValue> Items => _items ?? [];
    public ReadOnlyMemory<byte> Bytes => _bytes ?? ReadOnlyMemory<byte>.Empty;

    /// <summary>Null for a null reply; an integer as its digits.</summary>
    public string? Text => IsNull ? null : _bytes is null ? _number.ToString(CultureInfo.InvariantCulture) : Encoding.UTF8.GetString(_bytes);

    /// <summary>An integer reply, or a string that holds one.</summary>
    public long Number => _bytes is null ? _number : long.Parse(_bytes, CultureInfo.InvariantCulture);

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

    /// <summary>"WRONGTYPE Operation against ..." as an exception with its first word as the code.</summary>
    internal RedisServerException ToException()
    {
        var text = Encoding.UTF8.GetString(_bytes ?? []);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return new RedisServerException(space < 0 ? text : text[..space], text);
    }
}
