using System.Globalization;
using CityMonitor.AgentWorker.PickUp;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace CityMonitor.AgentWorker.Flows;

/// <summary>Reads one flow. Every problem of a file is found in one pass and says file, line, key, rule and an example.</summary>
sealed class FlowFile
{
    const string DefaultScreening = "This is the {{authority}}, with an urgent call for the person at this number.";

    static readonly string[] engines = ["deepgram-agent", "cascade"];

    readonly string _file;
    readonly List<string> _problems = [];

    FlowFile(string file) => _file = file;

    /// <param name="tools">Names of the tools that exist.</param>
    public static Flow Parse(string file, string yaml, IReadOnlyCollection<string> tools)
    {
        var reader = new FlowFile(file);
        YamlStream stream = [];
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException error)
        {
            throw new FlowException(file, [$"{file}:{error.Start.Line}: is not YAML: {error.Message}"]);
        }

        if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new FlowException(file, [$"{file}: must be one mapping of keys, for example name: incident-dispatch."]);
        }

        var flow = reader.ReadFlow(root, tools);
        return reader._problems.Count == 0 ? flow : throw new FlowException(file, reader._problems);
    }

    Flow ReadFlow(YamlMappingNode root, IReadOnlyCollection<string> tools)
    {
        var map = new Map(this, root, "");
        var flow = new Flow(
            map.Text("name", "incident-dispatch"),
            map.Text("language", "en"),
            map.OneOf("engine", engines),
            map.Text("voice", "aura-2-andromeda-en"),
            map.Text("model", "gpt-4o-mini"),
            map.Text("agent", "Sarah"),
            map.Text("greeting", "Hello, this is {{authority}}."),
            map.Text("voicemail", "Please call this number back."),
            map.Text("keypad", "An incident was reported: {{type}} at {{address}}."),
            map.Text("goodbye", "Thank you. Goodbye."),
            map.Text("prompt", "You are {{agent}}."),
            map.Maps("stages").Select(s => ReadStage(s, tools)).ToList(),
            ReadLimits(map.Child("limits")),
            map.Texts("keyterms", required: false));
        flow = ReadPickUp(flow, map.OptionalChild("pick_up"));
        map.NothingElse();
        Check(flow, root);
        return flow;
    }

    /// <summary>How machines are treated; every key has a default.</summary>
    static Flow ReadPickUp(Flow flow, Map? map)
    {
        flow = flow with { Screening = DefaultScreening, PickUp = PickUpPhrases.Of(flow.Language) };
        if (map is null)
        {
            return flow;
        }

        var key = map.OptionalText("operator_key", "\"0\"");
        if (key.Any(c => !char.IsAsciiDigit(c) && c is not ('*' or '#')))
        {
            map.Problem("operator_key", "must be keys of a phone, for example operator_key: \"0\"");
        }

        flow = flow with
        {
            Screening = map.OptionalText("screening", DefaultScreening) is { Length: > 0 } sentence ? sentence : DefaultScreening,
            OperatorKey = key,
            PickUp = flow.PickUp.With(map.Texts("machine", required: false), map.Texts("screening_phrases", required: false), map.Texts("menu", required: false)),
        };
        map.NothingElse();
        return flow;
    }

    static FlowStage ReadStage(Map map, IReadOnlyCollection<string> tools)
    {
        var stage = new FlowStage(map.Text("name", "decision"), map.Text("prompt", "Ask yes or no."), map.Texts("tools", required: true), map.Pairs("leads_to"));
        foreach (var tool in stage.Tools.Where(t => !tools.Contains(t)))
        {
            map.Problem("tools", $"'{tool}' is not a tool; there are {string.Join(", ", tools)}");
        }

        foreach (var tool in stage.LeadsTo.Keys.Where(t => !stage.Tools.Contains(t)))
        {
            map.Problem("leads_to", $"'{tool}' must be one of this stage's tools");
        }

        map.NothingElse();
        return stage;
    }

    static FlowLimits ReadLimits(Map? map)
    {
        if (map is null)
        {
            return new FlowLimits(900, 30, [], []);
        }

        var limits = new FlowLimits(
            map.Number("max_seconds", 10, 3600, 900), map.Number("silence_seconds", 3, 300, 30),
            map.Texts("silence_prompts", required: true), map.Texts("goodbye_phrases", required: false));
        map.NothingElse();
        return limits;
    }

    void Check(Flow flow, YamlNode root)
    {
        if (flow.Stages.Count == 0)
        {
            Problem(root, "stages", "must have at least one stage with name, prompt and tools");
        }

        foreach (var twice in flow.Stages.GroupBy(s => s.Name).Where(g => g.Count() > 1))
        {
            Problem(root, "stages", $"has '{twice.Key}' twice; names must differ");
        }

        foreach (var (stage, target) in flow.Stages.SelectMany(s => s.LeadsTo.Values.Select(v => (s, v))).Where(p => flow.Stage(p.v) is null))
        {
            Problem(root, $"stages.{stage.Name}.leads_to", $"'{target}' is not a stage of this flow");
        }

        CheckPlaceholders(root, "greeting", flow.Greeting, Placeholders.Anywhere);
        CheckPlaceholders(root, "voicemail", flow.Voicemail, Placeholders.Anywhere);
        CheckPlaceholders(root, "pick_up.screening", flow.Screening, Placeholders.Anywhere);
        CheckPlaceholders(root, "goodbye", flow.Goodbye, Placeholders.Anywhere);
        CheckPlaceholders(root, "prompt", flow.Prompt, Placeholders.Anywhere);
        CheckPlaceholders(root, "keypad", flow.Keypad, Placeholders.All);
        foreach (var stage in flow.Stages)
        {
            CheckPlaceholders(root, $"stages.{stage.Name}.prompt", stage.Prompt, Placeholders.Anywhere);
        }
    }

    void CheckPlaceholders(YamlNode node, string key, string text, IReadOnlyCollection<string> allowed)
    {
        foreach (var name in Placeholders.In(text).Where(n => !allowed.Contains(n)))
        {
            Problem(node, key, Placeholders.All.Contains(name)
                ? $"must not tell the incident: {{{{{name}}}}} is allowed in keypad only"
                : $"has the unknown placeholder {{{{{name}}}}}; there are {string.Join(", ", allowed)}");
        }
    }

    void Problem(YamlNode node, string key, string rule) => _problems.Add($"{_file}:{node.Start.Line}: {key} {rule}.");

    /// <summary>One mapping; remembers which keys were asked for, so that a misspelt one is reported.</summary>
    sealed class Map(FlowFile file, YamlMappingNode node, string path)
    {
        readonly HashSet<string> _known = [];

        public string Text(string key, string example)
        {
            if (Find(key) is YamlScalarNode { Value: { } text } && !string.IsNullOrWhiteSpace(text))
            {
                return text.Trim();
            }

            Problem(key, $"must be a text, for example {key}: {example}");
            return "";
        }

        public string OptionalText(string key, string example) => Find(key) is null ? "" : Text(key, example);

        public string OneOf(string key, string[] allowed)
        {
            var text = Text(key, allowed[0]);
            if (text.Length > 0 && !allowed.Contains(text))
            {
                Problem(key, $"must be one of {string.Join(", ", allowed)}, not '{text}'");
            }

            return text;
        }

        public int Number(string key, int least, int most, int example)
        {
            if (Find(key) is YamlScalarNode scalar && int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) &&
                number >= least && number <= most)
            {
                return number;
            }

            Problem(key, $"must be a whole number from {least} to {most}, for example {key}: {example}");
            return example;
        }

        public IReadOnlyList<string> Texts(string key, bool required)
        {
            var found = Find(key);
            if (found is YamlSequenceNode list && list.Children.All(c => c is YamlScalarNode { Value.Length: > 0 }))
            {
                return [.. list.Children.Select(c => ((YamlScalarNode)c).Value!.Trim())];
            }

            if (found is not null || required)
            {
                Problem(key, $"must be a list of texts, for example {key}: [first, second]");
            }

            return [];
        }

        public Dictionary<string, string> Pairs(string key)
        {
            var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
            switch (Find(key))
            {
                case null:
                    break;
                case YamlMappingNode map when map.Children.All(c => c is { Key: YamlScalarNode, Value: YamlScalarNode { Value.Length: > 0 } }):
                    foreach (var (name, value) in map.Children)
                    {
                        pairs[((YamlScalarNode)name).Value!] = ((YamlScalarNode)value).Value!;
                    }

                    break;
                default:
                    Problem(key, "must map tools to stages, for example accept_incident: coordination");
                    break;
            }

            return pairs;
        }

        public IEnumerable<Map> Maps(string key)
        {
            if (Find(key) is not YamlSequenceNode list || list.Children.Any(c => c is not YamlMappingNode))
            {
                Problem(key, "must be a list of mappings, for example - name: decision");
                return [];
            }

            return list.Children.Select((c, i) => new Map(file, (YamlMappingNode)c, $"{path}{key}[{i}]."));
        }

        public Map? Child(string key)
        {
            if (Find(key) is YamlMappingNode child)
            {
                return new Map(file, child, $"{path}{key}.");
            }

            Problem(key, $"must be a mapping, for example {key}: with its keys indented below");
            return null;
        }

        public Map? OptionalChild(string key) => Find(key) is null ? null : Child(key);

        public void NothingElse()
        {
            foreach (var key in node.Children.Keys.OfType<YamlScalarNode>().Where(k => !_known.Contains(k.Value ?? "")))
            {
                file.Problem(key, path + key.Value, $"is not a known key; there are {string.Join(", ", _known)}");
            }
        }

        public void Problem(string key, string rule) => file.Problem(Find(key) ?? node, path + key, rule);

        YamlNode? Find(string key)
        {
            _known.Add(key);
            return node.Children.TryGetValue(new YamlScalarNode(key), out var found) ? found : null;
        }
    }
}
