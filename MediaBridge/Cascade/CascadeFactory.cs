using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>Opens a call's cascade: the ears and voices of its flow as far as there are keys for them.</summary>
sealed class CascadeFactory(
    IEnumerable<IEarMaker> ears, IEnumerable<IVoiceMaker> voices, IOptions<CascadeOptions> options, IOptions<ElevenLabsOptions> elevenLabs, QuotaLedger quotas, TimeProvider clock, ILogger<CascadeEngine> log)
    : IConversationEngineFactory
{
    public async Task<IConversationEngine> OpenAsync(CallSession session, IReadOnlyList<HistoryEntry> history, IEngineEvents events, CancellationToken ct)
    {
        var heard = Ears(session);
        if (heard.Count == 0)
        {
            throw new EngineRefusedException("No ear of this call's flow has a key.", final: true);
        }

        var spoken = Choices(session).SelectMany(choice => voices.Where(maker => maker.Vendor == choice.Vendor).SelectMany(maker => maker.Make(choice, session.Language))).ToList();
        if (spoken.Count == 0)
        {
            throw new EngineRefusedException("No voice of this call's flow has a key.", final: true);
        }

        var engine = new CascadeEngine(session, heard, spoken, options.Value, (ITurnEvents)events, clock, log);
        try
        {
            await engine.OpenAsync(ct);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>In the order in which they are asked.</summary>
    internal List<IEarMaker> Ears(CallSession session)
    {
        var wanted = session.Speech is { Ears: { Count: > 0 } named } ? named : options.Value.EarList;
        // Whose hours of the month are used up is asked last.
        var spent = quotas.IsUsedUp(Quotas.DeepgramSeconds);
        return [.. wanted.Select(name => ears.FirstOrDefault(ear => ear.Name == name)).OfType<IEarMaker>().OrderBy(ear => spent && ear is (DeepgramEar or FluxEar))];
    }

    /// <summary>The first one speaks, the next stands in.</summary>
    internal IEnumerable<VoiceChoice> Choices(CallSession session)
    {
        var chosen = session.Speech is { Voices: { Count: > 0 } named } ? named : [Parse(session.Voice)];
        IReadOnlyList<VoiceChoice> all = options.Value.StandInVoice.Length == 0 ? chosen
            : Parse(options.Value.StandInVoice) is var standIn && chosen.Any(choice => (choice.Vendor, choice.Voice) == (standIn.Vendor, standIn.Voice)) ? chosen
            : [.. chosen, standIn];
        return quotas.IsUsedUp(Quotas.ElevenLabsCharacters) ? all.OrderBy(choice => choice.Vendor == "elevenlabs") : all;
    }

    /// <summary>aura-2-andromeda-en, or elevenlabs/voice.</summary>
    VoiceChoice Parse(string voice)
    {
        var slash = voice.IndexOf('/', StringComparison.Ordinal);
        var (vendor, name) = slash < 0 ? ("deepgram", voice) : (voice[..slash], voice[(slash + 1)..]);
        return new VoiceChoice(vendor, name.Length > 0 ? name : elevenLabs.Value.VoiceId);
    }
}

/// <summary>The engine that the call's flow names.</summary>
sealed class EngineChoice(DeepgramAgentFactory agent, CascadeFactory cascade) : IConversationEngineFactory
{
    public Task<IConversationEngine> OpenAsync(CallSession session, IReadOnlyList<HistoryEntry> history, IEngineEvents events, CancellationToken ct) => session.Engine switch
    {
        "cascade" => cascade.OpenAsync(session, history, events, ct),
        "deepgram-agent" => agent.OpenAsync(session, history, events, ct),
        var unknown => throw new EngineRefusedException($"This bridge has no engine '{unknown}'; it has cascade and deepgram-agent.", final: true),
    };
}
