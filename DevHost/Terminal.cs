using Spectre.Console;

namespace CityMonitor.Hosting;

/// <summary>What the user sees: the services' log lines with a coloured name each, and the addresses. All lines also go to run/city.log.</summary>
sealed class Terminal : IDisposable
{
    // 256-colour codes that read well on dark and light.
    static readonly int[] colours = [39, 42, 141, 178, 245, 209, 44];

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

    /// <summary>Colours where somebody watches; plain and 120 wide where the output goes to a file or a pipe.</summary>
    public static IAnsiConsole OpenConsole()
    {
        if (!System.Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        console.Profile.Width = 120;
        return console;
    }

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

            // Written as it is: a wrapped log line cannot be searched or copied.
            var tone = line.Text.Contains(" ERR ", StringComparison.Ordinal) || line.Text.Contains(" CRT ", StringComparison.Ordinal) ? 196
                : line.Text.Contains(" WRN ", StringComparison.Ordinal) || line.Text.StartsWith("[host]", StringComparison.Ordinal) ? 220 : (int?)null;
            console.Profile.Out.Writer.WriteLine($"{Paint(ColourOf(line.Process.Split('#')[0]), $"{line.Process,-14}")} {Paint(tone, line.Text)}");
        }
    }

    public void Say(string text)
    {
        lock (gate)
        {
            console.MarkupLine($"[grey]{Markup.Escape(text)}[/]");
        }
    }

    public void Note(bool good, string text)
    {
        lock (gate)
        {
            console.MarkupLine($"{(good ? "[green]✔[/]" : "[red]✘[/]")} {Markup.Escape(text)}");
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
            vendors.AddRow(choice.Vendor.Name, choice.Vendor.Name == "OpenAI" && ServiceEnvironment.ModelIsOff(city.Vendors) ? "[grey]OFF (no OpenAI:ApiKey; none is simulated for real tickets)[/]" : choice.Off ? $"[grey]OFF (no {choice.Vendor.Settings[0].Key})[/]" : choice.Simulated ? $"[black on yellow] SIMULATED [/] {city.Vendor(choice.Vendor.Name)}" : "[white on green] REAL [/]", choice.Vendor.Does);
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

    string Paint(int? colour, string text) => colour is null || !console.Profile.Capabilities.Ansi ? text : $"\e[38;5;{colour}m{text}\e[0m";

    int ColourOf(string process)
    {
        if (!seen.Contains(process))
        {
            seen.Add(process);
        }

        return colours[seen.IndexOf(process) % colours.Length];
    }
}
