using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>How the simulated Deepgram behaves. Section <c>Simulator:Deepgram</c>.</summary>
sealed class DeepgramOptions
{
    public const string Section = "Simulator:Deepgram";

    /// <summary>The only key that is let in. Default <c>simulator</c>.</summary>
    public string ApiKey { get; set; } = "simulator";

    /// <summary>Silence after which the caller's turn has ended for certain.</summary>
    public TimeSpan EndOfTurn { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Silence after which the agent guesses that the turn has ended and asks for functions that are not deferred.</summary>
    public TimeSpan EagerEndOfTurn { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the mind thinks before each answer.</summary>
    public TimeSpan ThinkTime { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>How much faster than real time audio is sent. Default 3.5.</summary>
    public double AudioSpeed { get; set; } = 3.5;

    /// <summary>The session ends when neither audio nor KeepAlive has come for so long.</summary>
    public TimeSpan ClientMessageTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a speaking socket takes for the first audio of a text.</summary>
    public TimeSpan SpeakLatency { get; set; } = TimeSpan.FromMilliseconds(90);

    /// <summary>How long listening works on audio before it sends what it has heard.</summary>
    public TimeSpan ListenLatency { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often listening sends an interim result, in audio time.</summary>
    public TimeSpan InterimEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Listening sockets at a time, v1 and v2 together; one more is refused with 429.</summary>
    public int MaxListenSockets { get; set; } = 500;

    /// <summary>Voice agent sessions at a time; one more is refused with 429.</summary>
    public int MaxAgentSessions { get; set; } = 200;

    /// <summary>The mind of every session, by name, for example <c>misbehaving</c>. Empty: chosen by the settings' functions and tags.</summary>
    public string Mind { get; set; } = "";

    /// <summary>Speaking sockets at a time; one more is refused with 429.</summary>
    public int MaxSpeakSockets { get; set; } = 500;

    /// <summary>Flush messages on one speaking socket; one more is answered by a Warning and ignored.</summary>
    public int MaxFlushesPerMinute { get; set; } = 20;

    /// <summary>Text on one speaking socket; more ends it with DATA-0001.</summary>
    public int MaxSpeakCharactersPerMinute { get; set; } = 2400;

    /// <summary>Longest text that speak takes; longer is 413.</summary>
    public int MaxSpeakCharacters { get; set; } = 2000;
}

sealed class DeepgramOptionsValidator : IValidateOptions<DeepgramOptions>
{
    public ValidateOptionsResult Validate(string? name, DeepgramOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(options.ApiKey.Length > 0, "ApiKey must not be empty, for example 'simulator'");
        Check(options.EndOfTurn > TimeSpan.Zero && options.EndOfTurn <= TimeSpan.FromSeconds(10), "EndOfTurn must be above 0 and at most 10 s, for example '00:00:00.500'");
        Check(
            options.EagerEndOfTurn > TimeSpan.Zero && options.EagerEndOfTurn <= options.EndOfTurn,
            "EagerEndOfTurn must be above 0 and at most EndOfTurn, for example '00:00:00.250'");
        Check(options.ThinkTime >= TimeSpan.Zero, "ThinkTime must not be negative, for example '00:00:00.150'");
        Check(options.AudioSpeed is >= 0.5 and <= 1000, "AudioSpeed must be 0.5 to 1000, for example 3.5");
        Check(options.ClientMessageTimeout > TimeSpan.Zero, "ClientMessageTimeout must be above 0, for example '00:00:10'");
        Check(options.SpeakLatency >= TimeSpan.Zero, "SpeakLatency must not be negative, for example '00:00:00.090'");
        Check(options.MaxSpeakSockets > 0, "MaxSpeakSockets must be above 0, for example 500");
        Check(options.MaxFlushesPerMinute > 0, "MaxFlushesPerMinute must be above 0, for example 20");
        Check(options.MaxSpeakCharactersPerMinute > 0, "MaxSpeakCharactersPerMinute must be above 0, for example 2400");
        Check(options.ListenLatency >= TimeSpan.Zero, "ListenLatency must not be negative, for example '00:00:00.100'");
        Check(options.InterimEvery >= TimeSpan.FromMilliseconds(20), "InterimEvery must be at least 20 ms, for example '00:00:01'");
        Check(options.MaxListenSockets > 0, "MaxListenSockets must be above 0, for example 500");
        Check(options.MaxAgentSessions > 0, "MaxAgentSessions must be above 0, for example 200");
        Check(options.MaxSpeakCharacters > 0, "MaxSpeakCharacters must be above 0, for example 2000");
        return result.Build();

        void Check(bool holds, string rule)
        {
            if (!holds)
            {
                result.AddError($"Simulator:Deepgram:{rule}.");
            }
        }
    }
}
