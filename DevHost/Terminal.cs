using Spectre.Console;

namespace CityMonitor.Hosting;

/// <summary>What the user sees: the services' log lines with a coloured name each, and the addresses. All lines also go to run/city.log.</summary>
sealed class Terminal : IDisposable
{
    static readonly string[] colours = ["deepskyblue1", "springgreen2", "mediumpurple1", "gold1", "grey62", "salmon1", "turquoise2"];

    readonly IAnsiConsole console;
    readonly Lock gate = new();
    readonly StreamWriter file;
    readonly List<string> seen = [];
    bool quiet;

    public Terminal(IAnsiConsole console, bool quiet)
    {
        this.console = console;
        this.quiet = quiet;
        Directory.CreateDirectory("run");
        file = new StreamWriter(new FileStream("run/city.log", FileMode.Create, FileAccess.Write, FileShare.ReadWrite));
    }

    public IAnsiConsole Console => console;

    public void Write(LogLine line)
    {
        lock (gate)
        {
            file.WriteLine($"{line.Process,-14} {line.Text}");
            file.Flush();
            if (quiet)
            {
                return;
            }

            var colour = ColourOf(line.Process.Split('#')[0]);
            var text = Markup.Escape(line.Text);
            var tone = line.Text.Contains(" ERR ", StringComparison.Ordinal) || line.Text.Contains(" CRT ", StringComparison.Ordinal) ? "red"
                : line.Text.Contains(" WRN ", StringComparison.Ordinal) || line.Text.StartsWith("[host]", StringComparison.Ordinal) ? "yellow" : null;
            console.MarkupLine($"[{colour}]{Markup.Escape(line.Process),-14}[/] {(tone is null ? text : $"[{tone}]{text}[/]")}");
        }
    }

    public void Say(string text)
    {
        lock (gate)
        {
            console.MarkupLine($"[grey]{Markup.Escape(text)}[/]");
        }
    }

    public void Failed(string message)
    {
        lock (gate)
        {
            console.Write(new Panel(new Text(message)).Header("[red] City Monitor does not start [/]").BorderColor(Color.Red).Expand());
        }
    }

    /// <summary>A spinner where the terminal can show one and the log lines do not say enough.</summary>
    public async Task<T> WhileAsync<T>(string what, Func<Task<T>> work)
    {
        if (!quiet || !console.Profile.Capabilities.Interactive)
        {
            Say(what + " ...");
            return await work();
        }

        return await console.Status().Spinner(Spinner.Known.Dots).StartAsync(what + " ...", _ => work());
    }

    public void ShowAddresses(City city, Dashboard? dashboard, bool brief)
    {
        var vendors = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Title("[bold]City Monitor is ready[/]").Expand();
        vendors.AddColumn("Vendor").AddColumn("Served by").AddColumn("Does");
        foreach (var choice in city.Vendors)
        {
            vendors.AddRow(choice.Vendor.Name, choice.Simulated ? $"[black on yellow] SIMULATED [/] {city.Vendor(choice.Vendor.Name)}" : "[white on green] REAL [/]", choice.Vendor.Does);
        }

        var addresses = new Grid().AddColumn().AddColumn();
        Row("Phones, messages, tickets", city.Simulator);
        Row("TelephonyApi", new Uri(city.Telephony, Topology.Ready));
        Row("MediaBridge", new Uri(city.Media, Topology.Ready));
        Row("IncidentPoller", new Uri(city.Ports.Url(Topology.IncidentPoller.Project) + Topology.Ready));
        Row("AgentWorker", new Uri(city.Ports.Url(Topology.AgentWorker.Project) + Topology.Ready));
        if (dashboard is not null)
        {
            Row("Aspire dashboard", dashboard.Url);
        }

        addresses.AddRow(new Text("Redis"), new Text(Masked(city.Redis)));
        addresses.AddRow(new Text("Log lines"), new Text(Path.GetFullPath("run/city.log")));
        lock (gate)
        {
            console.WriteLine();
            console.Write(vendors);
            console.Write(addresses);
            if (!brief)
            {
                console.MarkupLine($"\n[grey]Raise an incident:[/] curl -X POST {city.Simulator}incidents   [grey]or watch one:[/] ./run.sh demo   [grey]End: Ctrl-C[/]\n");
            }
        }

        void Row(string name, Uri url) => addresses.AddRow(new Text(name), new Markup($"[link]{url}[/]"));
    }

    public void Dispose()
    {
        lock (gate)
        {
            quiet = true;
            file.Dispose();
        }
    }

    // A given connection string may hold a password.
    static string Masked(string redis) => string.Join(',', redis.Split(',').Select(part => part.StartsWith("password=", StringComparison.OrdinalIgnoreCase) ? "password=***" : part));

    string ColourOf(string process)
    {
        if (!seen.Contains(process))
        {
            seen.Add(process);
        }

        return colours[seen.IndexOf(process) % colours.Length];
    }
}
