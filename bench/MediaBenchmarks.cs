using System.Net.WebSockets;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using CityMonitor.Bench.Calls;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.MediaBridge.Twilio;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Bench;

/// <summary>
/// The media path without the kernel: inbound from the socket's bytes through the parser, the detector, the tape and the batch to the
/// message for the vendor; outbound from the vendor's audio through the play-out to the messages and marks on the socket.
/// </summary>
[MemoryDiagnoser]
[InProcess]
#pragma warning disable CA1001 // Lives as long as the process.
public class MediaBenchmarks
#pragma warning restore CA1001
{
    const int Frames = 1000;
    const int AnswerMessages = 25;

    readonly MemorySocket socket = new([.. Enumerable.Range(0, Frames).Select(n => Audio.Message("MZ1", n % 200 < 80 ? Audio.VoiceFrame : Audio.SilentFrame))]);
    readonly CountingEngine engine = new();
    PhoneSocket phone = null!;
    Conversation conversation = null!;

    [GlobalSetup]
    public void Setup()
    {
        phone = new PhoneSocket(socket, static _ => { });
        phone.Name("MZ1");
        var session = new CallSession(
            CallId.Of(IncidentId.OfTicket(1), 1), IncidentId.OfTicket(1), "outbound", PhoneNumber.Parse("+12025550123"), "incident-dispatch", "deepgram-agent", "en", "voice", "model",
            "You call responders.", "", "", "", "That is all.", [], [], new CallLimits(0, 0, [], ["goodbye"]));
        var log = new CallLog(session.Call, 1, "bench", null!, null!, null!, TimeProvider.System, NullLogger.Instance);
        conversation = new Conversation(
            session, 1, phone, log, null!, new TurnsOptions { OwnBargeIn = false }, TimeProvider.System, NullLogger.Instance, [], "", 0)
        {
            RequestEngine = static _ => { },
            EngineProved = static () => { },
        };
        conversation.EngineReady(engine, null);
        _ = phone.WriteAsync(CancellationToken.None); // runs as long as the benchmark
    }

    /// <summary>One frame of 20 ms.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<long> Inbound()
    {
        for (var i = 0; i < Frames; i++)
        {
            var (_, message) = await phone.ReceiveAsync(CancellationToken.None);
            Hear(message.Span);
        }

        return engine.Bytes;
    }

    /// <summary>One message of 80 ms, four frames.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<long> Outbound()
    {
        for (var i = 0; i < Frames; i++)
        {
            conversation.AgentAudio(engine, Audio.Answer);
            if (i % AnswerMessages == AnswerMessages - 1)
            {
                // The phone has played an answer and echoes its marks; and the writer gets its turn, as it does between a vendor's messages.
                conversation.AgentAudioDone(engine);
                await Task.Yield();
                foreach (var name in socket.TakeMarks())
                {
                    OutboundMessages.TryReadMark(name, out var generation, out var number);
                    conversation.Mark(generation, number);
                }
            }
        }

        return socket.Sent;
    }

    void Hear(Span<byte> message)
    {
        var frame = TwilioFrameParser.Parse(message, "MZ1"u8);
        conversation.CallerAudio(message.Slice(frame.PayloadStart, frame.PayloadLength));
    }
}
