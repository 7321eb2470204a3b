using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>How the simulated ElevenLabs behaves. Section <c>Simulator:ElevenLabs</c>.</summary>
sealed class ElevenLabsOptions
{
    public const string Section = "Simulator:ElevenLabs";

    /// <summary>The only key that is let in. Default <c>simulator</c>.</summary>
    public string ApiKey { get; set; } = "simulator";

    /// <summary>How long the first audio of a text takes.</summary>
    public TimeSpan SpeakLatency { get; set; } = TimeSpan.FromMilliseconds(90);

    /// <summary>How much faster than real time audio is sent; from 1000 on without any wait.</summary>
    public double AudioSpeed { get; set; } = 3.5;

    /// <summary>How long listening works on audio before it sends what it has heard.</summary>
    public TimeSpan ListenLatency { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often a partial transcript comes, in audio time.</summary>
    public TimeSpan PartialEvery { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A listening socket without audio for so long is closed.</summary>
    public TimeSpan ListenTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Sockets at a time, speaking and listening each; one more is refused with 429.</summary>
    public int MaxConcurrent { get; set; } = 200;

    /// <summary>Characters that may be spoken before the quota is used up; <c>/v1/user/subscription</c> tells what is left.</summary>
    public int CharacterLimit { get; set; } = 1_000_000;
}

sealed class ElevenLabsOptionsValidator : IValidateOptions<ElevenLabsOptions>
{
    public ValidateOptionsResult Validate(string? name, ElevenLabsOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(options.ApiKey.Length > 0, "ApiKey must not be empty, for example 'simulator'");
        Check(options.SpeakLatency >= TimeSpan.Zero, "SpeakLatency must not be negative, for example '00:00:00.090'");
        Check(options.AudioSpeed is >= 0.5 and <= 1000, "AudioSpeed must be 0.5 to 1000, for example 3.5");
        Check(options.ListenLatency >= TimeSpan.Zero, "ListenLatency must not be negative, for example '00:00:00.250'");
        Check(options.PartialEvery >= TimeSpan.FromMilliseconds(20), "PartialEvery must be at least 20 ms, for example '00:00:00.500'");
        Check(options.ListenTimeout > TimeSpan.Zero, "ListenTimeout must be above 0, for example '00:00:15'");
        Check(options.MaxConcurrent > 0, "MaxConcurrent must be above 0, for example 200");
        Check(options.CharacterLimit > 0, "CharacterLimit must be above 0, for example 1000000");
        return result.Build();

        void Check(bool holds, string rule)
        {
            if (!holds)
            {
                result.AddError($"Simulator:ElevenLabs:{rule}.");
            }
        }
    }
}
