using CityMonitor.AgentWorker.PickUp;

namespace CityMonitor.AgentWorker.Flows;

/// <summary>A conversation as its YAML file describes it, checked.</summary>
sealed record Flow(
    string Name,
    string Language,
    string Engine,
    string Voice,
    string Model,
    string Agent,
    string Greeting,
    string Voicemail,
    string Keypad,
    string Goodbye,
    string Prompt,
    IReadOnlyList<FlowStage> Stages,
    FlowLimits Limits,
    IReadOnlyList<string> Keyterms)
{
    /// <summary>What a machine is told that asks who is calling.</summary>
    public string Screening { get; init; } = "";

    /// <summary>The key that a menu is tried with; empty for none.</summary>
    public string OperatorKey { get; init; } = "";

    /// <summary>How machines are told from people in this flow's language.</summary>
    public PickUpPhrases PickUp { get; init; } = PickUpPhrases.Of("en");

    public FlowStage First => Stages[0];

    public FlowStage? Stage(string name) => Stages.FirstOrDefault(s => s.Name == name);

    /// <summary>Every tool that some stage allows, in order of first mention.</summary>
    public IEnumerable<string> Tools => Stages.SelectMany(s => s.Tools).Distinct(StringComparer.Ordinal);
}

/// <param name="Tools">What may run in this stage, whatever the model says.</param>
/// <param name="LeadsTo">Tool that succeeded -> next stage.</param>
sealed record FlowStage(string Name, string Prompt, IReadOnlyList<string> Tools, IReadOnlyDictionary<string, string> LeadsTo);

sealed record FlowLimits(int MaxSeconds, int SilenceSeconds, IReadOnlyList<string> SilencePrompts, IReadOnlyList<string> GoodbyePhrases);

/// <summary>A flow that cannot be used; each problem names file, line, key and rule.</summary>
sealed class FlowException(string file, IReadOnlyList<string> problems)
    : Exception($"Flow {file} cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, problems)}")
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
