using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace CityMonitor.Simulator.Minds;

/// <summary>Every mind there is, read and checked once at start.</summary>
sealed class MindLibrary
{
    readonly List<MindScript> scripts;

    public MindLibrary(IConfiguration configuration, IHostEnvironment environment)
        : this(Path.Combine(configuration["Simulator:Scenarios"] ?? Path.Combine(environment.ContentRootPath, "scenarios"), "minds"))
    {
    }

    public MindLibrary(string directory)
    {
        scripts = [.. Directory.Exists(directory) ? Directory.GetFiles(directory, "*.yaml").Order(StringComparer.Ordinal).Select(ReadFile) : []];
        if (scripts.Count == 0)
        {
            throw new InvalidOperationException($"There is no mind in {directory}; at least one *.yaml is needed, for example small-talk.yaml.");
        }
    }

    /// <summary>The mind of this name.</summary>
    public MindScript Named(string name) => scripts.Find(s => s.Name == name)
        ?? throw new InvalidOperationException($"There is no mind '{name}'; there are {string.Join(", ", scripts.Select(s => s.Name))}.");

    /// <summary>
    /// The mind whose name is among the tags; else the one that the prompt speaks of; else the one whose tools are all offered, the most
    /// of them; else the one that knows most of what is offered, since a stage of a conversation may offer but some tools.
    /// </summary>
    public MindScript Choose(IReadOnlyCollection<string> tags, IReadOnlyCollection<string> offered, string prompt = "")
    {
        var free = scripts.FindAll(s => !s.OnlyWhenNamed);
        return scripts.Find(s => tags.Contains(s.Name))
            ?? free.Find(s => s.Prompt is { } expression && Mind.Find(prompt, expression).Success)
            ?? free.Where(s => s.Tools.Count > 0 && s.Tools.TrueForAll(offered.Contains)).MaxBy(s => s.Tools.Count)
            ?? free.Where(s => s.Calls.Overlaps(offered)).MaxBy(s => s.Calls.Count(offered.Contains))
            ?? free.OrderBy(s => s.Calls.Count).First();
    }

    /// <exception cref="InvalidOperationException">The text is not a mind; the message names what and where.</exception>
    public static MindScript Read(string yaml, string source)
    {
        try
        {
            var script = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build().Deserialize<MindScript>(yaml)
                ?? throw new InvalidOperationException($"{source}: the file is empty.");
            Check(script, source);
            return script;
        }
        catch (YamlException e)
        {
            throw new InvalidOperationException($"{source}, line {e.Start.Line}: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    static MindScript ReadFile(string path) => Read(File.ReadAllText(path), Path.GetFileName(path));

    static void Check(MindScript script, string source)
    {
        if (script.Name.Length == 0 || script.Rules.Count == 0)
        {
            throw new InvalidOperationException($"{source}: a mind needs a name and rules.");
        }

        var expressions = script.Rules.SelectMany(r => new[] { r.Match, r.Unless }).Concat(script.Facts.Values.SelectMany(f => f))
            .Concat(script.Recall.Assistant.Select(a => a.Match)).Append(script.Prompt).OfType<string>();
        foreach (var expression in expressions)
        {
            try
            {
                _ = Regex.Match("", expression);
            }
            catch (ArgumentException e)
            {
                throw new InvalidOperationException($"{source}: '{expression}' is not a regular expression: {e.Message}", e);
            }
        }

        foreach (var step in script.Rules.SelectMany(r => r.Do).Concat(script.Parts.Values.SelectMany(p => p)))
        {
            var actions = new object?[] { step.Say, step.Call, step.Set, step.Wait, step.Part, step.Error, step.Warning }.Count(a => a is not null);
            if (actions != 1)
            {
                throw new InvalidOperationException($"{source}: each step has exactly one of say, call, set, wait, part, error and warning; one has {actions}.");
            }

            if (step.Part is { } part && !script.Parts.ContainsKey(part))
            {
                throw new InvalidOperationException($"{source}: there is no part '{part}'.");
            }
        }
    }
}
