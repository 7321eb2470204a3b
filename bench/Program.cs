using System.Globalization;
using BenchmarkDotNet.Running;
using CityMonitor.Bench;
using CityMonitor.Bench.Subjects;

if (args is ["relay" or "cascade" or "memory" or "finished", ..] && await Cores.PinAsync(args) is { } done)
{
    return done;
}

return args switch
{
    ["latency", ..] => await Latency.RunAsync(),
    ["throughput", ..] => await Throughput.RunAsync(),
    ["vad", ..] => await VoiceActivity.RunAsync(),
    ["resp", .. var rest] => BenchmarkSwitcher.FromTypes([typeof(RespBenchmarks)]).Run(["--filter", "*", .. rest]).Any() ? 0 : 1,
    ["media", .. var rest] => BenchmarkSwitcher.FromTypes([typeof(MediaBenchmarks)]).Run(["--filter", "*", .. rest]).Any() ? 0 : 1,
    ["relay", .. var rest] => await RelayRun.RunAsync(RunOptions.Parse(rest, new RunOptions(100, 5, 20, null))),
    ["cascade", .. var rest] => await CascadeRun.RunAsync(RunOptions.Parse(rest, new RunOptions(100, 5, 20, null))),
    ["memory", .. var rest] => await MemoryRun.RunAsync(RunOptions.Parse(rest, new RunOptions(0, 0, 0, null))),
    ["city", .. var rest] => await CityRun.RunAsync(CityRunOptions.Parse(rest)),
    ["finished"] => await FinishedRun.RunAsync(),
    [Publisher.Argument, var connection, var pattern, var count] => await Publisher.RunAsync(connection, pattern, int.Parse(count, CultureInfo.InvariantCulture)),
    [BareRelay.Argument, var port, var vendor, var frames] => await BareRelay.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), vendor, int.Parse(frames, CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run -c Release --project bench -- latency | throughput | resp | media | relay | cascade | memory | finished | vad | city");
    return 2;
}
