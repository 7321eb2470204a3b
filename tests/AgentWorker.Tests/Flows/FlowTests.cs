using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.Reception;
using CityMonitor.AgentWorker.Tools;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Tests.Flows;

public sealed class FlowTests
{
    static readonly string good = File.ReadAllText(Path.Combine(FlowLibrary.Find(null)!, "incident-dispatch.yaml"));

    static string Problems(string yaml) => string.Join('\n', Assert.Throws<FlowException>(() => FlowFile.Parse("test.yaml", yaml, ToolBox.Names)).Problems);

    [Fact]
    public void The_shipped_flow_is_good()
    {
        var flow = FlowFile.Parse("incident-dispatch.yaml", good, ToolBox.Names);

        Assert.Equal(["introduction", "decision", "coordination", "closing"], flow.Stages.Select(s => s.Name));
        Assert.DoesNotContain("accept_incident", flow.First.Tools);
        Assert.Equal(("deepgram-agent", 900, 30, 3), (flow.Engine, flow.Limits.MaxSeconds, flow.Limits.SilenceSeconds, flow.Limits.SilencePrompts.Count));
    }

    [Theory]
    [InlineData("voice: aura-2-andromeda-en", "voize: x", "voize is not a known key")]
    [InlineData("voice: aura-2-andromeda-en", "voize: x", "voice must be a text, for example voice: aura-2-andromeda-en")]
    [InlineData("engine: deepgram-agent", "engine: magic", "engine must be one of deepgram-agent, cascade, not 'magic'")]
    [InlineData("max_seconds: 900", "max_seconds: forever", "limits.max_seconds must be a whole number from 10 to 3600, for example max_seconds: 900")]
    [InlineData("max_seconds: 900", "max_seconds: 99999", "limits.max_seconds must be a whole number")]
    [InlineData("retrieve_ticket: decision", "retrieve_ticket: nowhere", "'nowhere' is not a stage of this flow")]
    [InlineData("tools: [retrieve_ticket, record_responder, decline_incident, end_call]", "tools: [retrieve_ticket, close_ticket, decline_incident]", "'close_ticket' is not a tool")]
    [InlineData("goodbye: Thank you for your time. Goodbye.", "goodbye: It was {{address}}.", "must not tell the incident: {{address}} is allowed in keypad only")]
    [InlineData("goodbye: Thank you for your time. Goodbye.", "goodbye: It was {{nonsense}}.", "unknown placeholder {{nonsense}}")]
    [InlineData("keyterms: [City Monitor, WhatsApp, ETA]", "keyterms: many", "keyterms must be a list of texts")]
    [InlineData("  - name: decision", "  - name: introduction", "has 'introduction' twice")]
    public void A_mistake_is_named_with_file_line_key_and_rule(string right, string wrong, string problem)
    {
        Assert.Contains(right, good, StringComparison.Ordinal);
        var problems = Problems(good.Replace(right, wrong, StringComparison.Ordinal));

        Assert.Contains(problem, problems, StringComparison.Ordinal);
        Assert.Matches(@"test\.yaml:\d+: ", problems);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b")]
    [InlineData("name: [unclosed")]
    [InlineData("just text")]
    public void What_is_no_flow_at_all_is_said_so(string yaml) => Assert.Contains("test.yaml", Problems(yaml), StringComparison.Ordinal);

    [Fact]
    public void The_reception_flow_is_good_and_a_tool_of_the_other_kind_of_call_is_a_mistake()
    {
        var reception = File.ReadAllText(Path.Combine(FlowLibrary.Find(null)!, "inbound-reception.yaml"));
        var flow = FlowFile.Parse("inbound-reception.yaml", reception, ReceptionToolBox.Names);
        Assert.Equal(("cascade", "listening", 2), (flow.Engine, flow.First.Name, flow.Stages.Count));
        Assert.Contains("'report_incident' is not a tool", Problems(reception), StringComparison.Ordinal);
        Assert.Contains("'accept_incident' is not a tool", string.Join('\n', Assert.Throws<FlowException>(() => FlowFile.Parse("test.yaml", good, ReceptionToolBox.Names)).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_flow_is_read_again_and_a_broken_one_leaves_the_last_good_version_in_use()
    {
        var directory = Directory.CreateTempSubdirectory("cm-flows-");
        try
        {
            var file = Path.Combine(directory.FullName, "incident-dispatch.yaml");
            File.WriteAllText(file, good);
            File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1));
            var library = new FlowLibrary(Options.Create(new FlowOptions { Directory = directory.FullName }), NullLogger<FlowLibrary>.Instance);
            Assert.Equal("Sarah", library.Get("incident-dispatch").Agent);

            File.WriteAllText(file, good.Replace("agent: Sarah", "agent: Zain", StringComparison.Ordinal));
            File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 2));
            Assert.Equal("Zain", library.Get("incident-dispatch").Agent);

            File.WriteAllText(file, "broken: [");
            File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 3));
            Assert.Equal("Zain", library.Get("incident-dispatch").Agent);
            Assert.Throws<FlowException>(() => library.Get("absent"));

            // Gone for a moment while an editor saves it: the last good version, not the shipped one. What was never here is the shipped one.
            File.Delete(file);
            Assert.Equal("Zain", library.Get("incident-dispatch").Agent);
            Assert.Equal("inbound-reception", library.Get("inbound-reception", ReceptionToolBox.Names).Name);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_invalid_setting_is_named_with_its_rule_and_an_example()
    {
        Assert.Empty(new DispatchOptions().Problems());
        AssertProblem(new DispatchOptions { Attempts = 0 }, "Dispatch:Attempts");
        AssertProblem(new DispatchOptions { RingSeconds = 1 }, "Dispatch:RingSeconds");
        AssertProblem(new DispatchOptions { RetryDelays = [TimeSpan.FromSeconds(-1)] }, "Dispatch:RetryDelays:0");
        AssertProblem(new DispatchOptions { CallBacks = -1 }, "Dispatch:CallBacks");
        AssertProblem(new DispatchOptions { Authority = " " }, "Dispatch:Authority");
        AssertProblem(new DispatchOptions { Flow = "../etc/passwd" }, "Dispatch:Flow");
        AssertProblem(new DispatchOptions { EtaGrace = TimeSpan.Zero }, "Dispatch:EtaGrace");
        Assert.Contains("Flows:Directory", Assert.Single(new FlowOptions { Directory = "/does/not/exist" }.Problems()), StringComparison.Ordinal);

        static void AssertProblem(DispatchOptions options, string key)
        {
            var problem = Assert.Single(options.Problems());
            Assert.StartsWith(key, problem, StringComparison.Ordinal);
            Assert.Contains("for example", problem, StringComparison.Ordinal);
        }
    }
}
