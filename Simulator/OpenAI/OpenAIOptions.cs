using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>How the simulated OpenAI behaves. Section <c>Simulator:OpenAI</c>.</summary>
sealed class OpenAIOptions
{
    public const string Section = "Simulator:OpenAI";

    /// <summary>The only key that is let in. Default <c>simulator</c>.</summary>
    public string ApiKey { get; set; } = "simulator";

    /// <summary>What the model does wrong: empty, <c>invalid-json</c>, <c>extra-keys</c>, <c>refusal</c> or <c>cut</c> (the answer ends in the middle).</summary>
    public string Misbehaviour { get; set; } = "";

    /// <summary>The mind of every conversation, by name. Empty: chosen by a completion's metadata, prompt and tools.</summary>
    public string Mind { get; set; } = "";

    /// <summary>How long a streamed answer takes to its first token.</summary>
    public TimeSpan FirstToken { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>Time between two tokens of a streamed answer; a token is a word, or a few characters of a tool's arguments.</summary>
    public TimeSpan TokenEvery { get; set; } = TimeSpan.FromMilliseconds(8);

    /// <summary>More tokens in a request (four characters each) are refused with <c>context_length_exceeded</c>.</summary>
    public int MaxContextTokens { get; set; } = 128_000;
}

sealed class OpenAIOptionsValidator : IValidateOptions<OpenAIOptions>
{
    public ValidateOptionsResult Validate(string? name, OpenAIOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(options.ApiKey.Length > 0, "ApiKey must not be empty, for example 'simulator'");
        Check(
            options.Misbehaviour is "" or "invalid-json" or "extra-keys" or "refusal" or "cut",
            "Misbehaviour must be empty, invalid-json, extra-keys, refusal or cut, for example 'extra-keys'");
        Check(options.FirstToken >= TimeSpan.Zero, "FirstToken must not be negative, for example '00:00:00.150'");
        Check(options.TokenEvery >= TimeSpan.Zero, "TokenEvery must not be negative, for example '00:00:00.008'");
        Check(options.MaxContextTokens > 0, "MaxContextTokens must be above 0, for example 128000");
        return result.Build();

        void Check(bool holds, string rule)
        {
            if (!holds)
            {
                result.AddError($"Simulator:OpenAI:{rule}.");
            }
        }
    }
}
