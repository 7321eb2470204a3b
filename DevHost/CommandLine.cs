using System.CommandLine;

namespace CityMonitor.Hosting;

/// <summary>What the user asked for.</summary>
sealed record RunRequest(
    bool Dashboard, bool Quiet, bool FreePorts, bool AllowMixed, IReadOnlyList<string> Ports, IReadOnlyList<string> Replicas, DemoRequest? Demo);

/// <param name="Phone">The responder's number; null for the simulated one.</param>
/// <param name="Scene">incident: a ticket and the call about it. inbound: somebody phones the city and reports an incident.</param>
sealed record DemoRequest(string? Phone, string Scene = DemoRequest.Incident)
{
    public const string Incident = "incident";
    public const string Inbound = "inbound";
}

static class CommandLine
{
    public static RootCommand Build()
    {
        var dashboard = Shared(new Option<bool>("--dashboard") { Description = "Start the Aspire dashboard too and send traces, metrics and logs to it." });
        var quiet = Shared(new Option<bool>("--quiet", "-q") { Description = "Do not print the services' log lines; they go to run/city.log either way." });
        var freePorts = Shared(new Option<bool>("--free-ports") { Description = "Use any free ports instead of the default ones." });
        var allowMixed = Shared(new Option<bool>("--allow-mixed") { Description = "Start even where real and simulated vendors are mixed in a way that misleads people." });
        var ports = Shared(new Option<string[]>("--port") { Description = "Use another port: --port TelephonyApi=6000. May be given several times." });
        var replicas = Shared(new Option<string[]>("--replicas") { Description = "Run several of a service: --replicas AgentWorker=2. May be given several times." });
        var phone = new Option<string?>("--phone") { Description = "The responder's number, E.164. Default: a simulated one. Needed where Twilio is real." };

        var scene = new Argument<string>("scene")
        {
            Description = "incident: a camera files a ticket, and its responder is phoned. inbound: somebody phones the city and reports an accident; a ticket and a responder follow.",
            DefaultValueFactory = _ => DemoRequest.Incident,
        };
        scene.AcceptOnlyFromAmong(DemoRequest.Incident, DemoRequest.Inbound);

        var demo = new Command("demo", "Raise an incident and show it being handled: the call as it is spoken, the evidence, the ticket.") { scene, phone };
        var root = new RootCommand("City Monitor on this machine: Redis, every service, and a simulator of each vendor that has no credentials.")
        {
            dashboard, quiet, freePorts, allowMixed, ports, replicas, demo,
        };
        root.SetAction((parsed, ct) => Runner.RunAsync(Request(parsed, null), ct));
        demo.SetAction((parsed, ct) => Runner.RunAsync(Request(parsed, new DemoRequest(parsed.GetValue(phone), parsed.GetValue(scene)!)), ct));
        return root;

        RunRequest Request(ParseResult parsed, DemoRequest? demo) => new(
            parsed.GetValue(dashboard), parsed.GetValue(quiet), parsed.GetValue(freePorts), parsed.GetValue(allowMixed),
            parsed.GetValue(ports) ?? [], parsed.GetValue(replicas) ?? [], demo);
    }

    static Option<T> Shared<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}
