using System.Buffers;
using System.Text;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.Tests.Redis;

public sealed class RespTests
{
    const string Replies = "+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n+end\r\n";
    static readonly string[] s_expected = ["OK", "!ERR no", "-42", "he\r\no", "", "null", "null", "[]", "[a,[1,[]],end]"];

    [Fact]
    public void Replies_are_the_same_however_the_bytes_are_cut()
    {
        var bytes = Encoding.UTF8.GetBytes(Replies);
        for (var size = 1; size <= bytes.Length; size++)
        {
            var parser = new RespParser();
            var buffered = new List<byte>();
            var replies = new List<string>();
            foreach (var piece in bytes.Chunk(size))
            {
                buffered.AddRange(piece);
                var reader = new SequenceReader<byte>(Segments([.. buffered], size));
                while (parser.TryRead(ref reader, out var reply))
                {
                    replies.Add(Show(reply));
                }

                buffered.RemoveRange(0, (int)reader.Consumed);
            }

            Assert.Equal(s_expected, replies);
            Assert.Empty(buffered);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("\r\n")]
    [InlineData(":4x2\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$99999999999\r\n")]
    [InlineData("*99999999999\r\n")]
    [InlineData("$1\r\nab\r\n")]
    [InlineData("+OK\n")]
    public void Bytes_that_are_not_RESP_are_an_error(string text)
    {
        Assert.Throws<RedisProtocolException>(() =>
        {
            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)));
            new RespParser().TryRead(ref reader, out _);
        });
    }

    [Fact]
    public void A_line_without_an_end_is_an_error()
    {
        Assert.Throws<RedisProtocolException>(() =>
        {
            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(new byte[100_000]));
            new RespParser().TryRead(ref reader, out _);
        });
    }

    [Fact]
    public void A_command_is_written_as_an_array_of_strings()
    {
        var output = new ArrayBufferWriter<byte>();
        RespWriter.Write(output, ["SET", "ключ", long.MinValue, new byte[] { 1, 2 }, "", 0]);
        Assert.Equal(
            "*6\r\n$3\r\nSET\r\n$8\r\nключ\r\n$20\r\n-9223372036854775808\r\n$2\r\n\u0001\u0002\r\n$0\r\n\r\n$1\r\n0\r\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    static string Show(RespValue value) =>
        value.IsNull ? "null" : value.IsError ? "!" + value.Text : value.Items.Count > 0 || ReferenceEquals(value, RespValue.Empty) ? $"[{string.Join(',', value.Items.Select(Show))}]" : value.Text!;

    static ReadOnlySequence<byte> Segments(byte[] bytes, int size)
    {
        Segment? first = null, last = null;
        foreach (var piece in bytes.Chunk(size))
        {
            last = last?.Append(piece) ?? (first = new Segment(piece));
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes) => Memory = bytes;

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
