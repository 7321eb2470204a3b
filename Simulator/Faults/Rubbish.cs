using System.Net.WebSockets;

namespace CityMonitor.Simulator.Faults;

/// <summary>What no vendor should ever send on a socket: broken JSON, wrong types, bytes that are no text, scraps of sound.</summary>
static class Rubbish
{
    static readonly (byte[] Message, WebSocketMessageType Type)[] scraps =
    [
        Text("""{"type":"ConversationText","role":"assist"""),
        ([0x7f, 0x00, 0xff, 0x81, 0x13], WebSocketMessageType.Binary),
        Text("""{"type":"FunctionCallRequest","functions":42}"""),
        Text("""{"type":"ConversationText","role":7,"content":{"text":["no"]}}"""),
        ([], WebSocketMessageType.Binary),
        Text("""{"type":["UserStartedSpeaking"],"type":null}"""),
        Text("}{"),
        ([0xc3, 0x28, 0xff, 0xfe], WebSocketMessageType.Text),
        Text("null"),
        Text("<html><body>502 Bad Gateway</body></html>"),
        Text("""{"type":"NothingAnybodyKnows","id":-1e400}"""),
        Text(""),
    ];

    static readonly (byte[] Message, WebSocketMessageType Type)[] texts = [.. scraps.Where(scrap => scrap.Type is WebSocketMessageType.Text)];

    /// <summary>One kind after the other.</summary>
    public static (byte[] Message, WebSocketMessageType Type) Of(int number) => scraps[(int)((uint)number % scraps.Length)];

    public static byte[] TextOf(int number) => texts[(int)((uint)number % texts.Length)].Message;

    static (byte[] Message, WebSocketMessageType Type) Text(string text) => (System.Text.Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);
}
