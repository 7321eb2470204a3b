namespace CityMonitor.Simulator.Minds;

/// <summary>
/// What stands in for the language model, as read from a YAML file: rules that are tried from the top; the first that fits is
/// carried out. <c>scenarios/minds/incident-dispatch.yaml</c> shows everything there is.
/// </summary>
sealed class MindScript
{
    public string Name { get; set; } = "";

    /// <summary>This mind is chosen when all of these functions are offered.</summary>
    public List<string> Tools { get; set; } = [];

    /// <summary>This mind is chosen when the prompt matches this expression, whatever is offered.</summary>
    public string? Prompt { get; set; }

    /// <summary>Only its name chooses it: as a tag of the agent's settings, in the metadata of a completion, or as the mind of every session.</summary>
    public bool OnlyWhenNamed { get; set; }

    /// <summary>Slots at the start.</summary>
    public Dictionary<string, string> Start { get; set; } = [];

    /// <summary>Slots that are read from the prompt: the first group of the first expression that matches.</summary>
    public Dictionary<string, List<string>> Facts { get; set; } = [];

    /// <summary>How a conversation is picked up from the messages in <c>agent.context</c>.</summary>
    public MindRecall Recall { get; set; } = new();

    /// <summary>Steps under a name, for more than one rule.</summary>
    public Dictionary<string, List<MindStep>> Parts { get; set; } = [];

    public List<MindRule> Rules { get; set; } = [];

    /// <summary>Every function that it may call.</summary>
    [YamlDotNet.Serialization.YamlIgnore]
    public HashSet<string> Calls => calls ??= [.. Rules.SelectMany(r => r.Do).Concat(Parts.Values.SelectMany(p => p)).Select(s => s.Call).OfType<string>()];

    HashSet<string>? calls;
}

sealed class MindRecall
{
    /// <summary>What it means for the slots that the agent has said something.</summary>
    public List<MindMemory> Assistant { get; set; } = [];

    /// <summary>What it means for the slots that a tool has been called.</summary>
    public Dictionary<string, MindMemory> Tools { get; set; } = [];
}

sealed class MindMemory
{
    public string Match { get; set; } = "";
    public Dictionary<string, string> Set { get; set; } = [];

    /// <summary>Arguments of the call to keep, as slot: argument.</summary>
    public Dictionary<string, string> Keep { get; set; } = [];
}

enum MindOccasion { User, Tool, Start }

sealed class MindRule
{
    public MindOccasion On { get; set; }

    /// <summary>Slots that must have one of these values; an empty one stands for a slot that is not set.</summary>
    public Dictionary<string, List<string>> If { get; set; } = [];

    /// <summary>An expression over what the caller said, or over a tool's result. Its named groups can be used in the steps.</summary>
    public string? Match { get; set; }

    public string? Unless { get; set; }

    /// <summary>Values that must be found in what the caller said: slot to <c>phone</c>, <c>digits</c> or <c>minutes</c>.</summary>
    public Dictionary<string, string> Take { get; set; } = [];

    /// <summary>Where <see cref="Take"/> looks; default <c>{utterance}</c>.</summary>
    public string? From { get; set; }

    /// <summary>Which tool's result this rule is for.</summary>
    public string? Tool { get; set; }

    /// <summary>Whether the result must be, or must not be, an error.</summary>
    public bool? Error { get; set; }

    /// <summary>Slots to fill from a result that is JSON: slot to the names of properties, the first that is there counts.</summary>
    public Dictionary<string, List<string>> Read { get; set; } = [];

    public List<MindStep> Do { get; set; } = [];
}

/// <summary>One step; exactly one of its actions is given.</summary>
sealed class MindStep
{
    public string? Say { get; set; }
    public string? Call { get; set; }
    public Dictionary<string, string> With { get; set; } = [];

    /// <summary>The arguments of a call word for word instead of <see cref="With"/>, whether they are JSON or not.</summary>
    public string? Raw { get; set; }

    /// <summary>Calls the function even when it is not offered, as a model does that makes one up.</summary>
    public bool Anyway { get; set; }
    public Dictionary<string, string>? Set { get; set; }

    /// <summary>Milliseconds to wait.</summary>
    public int? Wait { get; set; }

    /// <summary>The code of an Error, with which the session ends.</summary>
    public string? Error { get; set; }

    /// <summary>The code of a Warning, after which it goes on.</summary>
    public string? Warning { get; set; }
    public string? Part { get; set; }

    /// <summary>The step is left out unless these slots have one of these values.</summary>
    public Dictionary<string, List<string>> If { get; set; } = [];

    /// <summary>The step is left out unless the settings offer this function.</summary>
    public string? IfTool { get; set; }
}
