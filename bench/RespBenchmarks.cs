using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Bench;

/// <summary>The hot path of the Redis client: a command as it is published, and a reply as a consumer reads it.</summary>
[MemoryDiagnoser]
[InProcess]
public class RespBenchmarks
{
    readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    readonly byte[] _data = Encoding.UTF8.GetBytes("""{"call":"fd-4711.1","reason":"the responder hung up"}""");
    readonly RespParser _parser = new();
    byte[] _reply = [];
    byte[] _integers = [];

    [GlobalSetup]
    public void Setup()
    {
        var entry = new StringBuilder("*1\r\n*2\r\n$12\r\ncm:telephony\r\n*100\r\n");
        for (var i = 0; i < 100; i++)
        {
            entry.Append("*2\r\n$15\r\n1789000000000-0\r\n*12\r\n");
            foreach (var field in (string[])["type", "EndCall", "id", "0199aabbccddeeff0011223344556677", "call", "fd-4711.1", "incident", "fd-4711", "at", "1789000000000", "data", Encoding.UTF8.GetString(_data)])
            {
                entry.Append('$').Append(field.Length).Append("\r\n").Append(field).Append("\r\n");
            }
        }

        _reply = Encoding.UTF8.GetBytes(entry.ToString());
        _integers = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(":1\r\n", 100)));
    }

    [Benchmark]
    public int WriteAnXadd()
    {
        _output.ResetWrittenCount();
        RespWriter.Write(_output, ["XADD", "cm:telephony", "*", "type", "EndCall", "id", "0199aabbccddeeff0011223344556677", "call", "fd-4711.1", "at", 1789000000000, "data", _data]);
        return _output.WrittenCount;
    }

    [Benchmark(OperationsPerInvoke = 100)]
    public int ReadEntries()
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(_reply));
        _parser.TryRead(ref reader, out var reply);
        return reply.Items.Count;
    }

    [Benchmark(OperationsPerInvoke = 100)]
    public long ReadAcknowledgements()
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(_integers));
        var sum = 0L;
        while (_parser.TryRead(ref reader, out var reply))
        {
            sum += reply.Number;
        }

        return sum;
    }
}
