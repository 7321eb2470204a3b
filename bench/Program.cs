using BenchmarkDotNet.Running;
using CityMonitor.Bench;

return args switch
{
    ["latency", ..] => await Latency.RunAsync(),
    ["throughput", ..] => await Throughput.RunAsync(),
    ["resp", .. var rest] => BenchmarkSwitcher.FromTypes([typeof(RespBenchmarks)]).Run(["--filter", "*", .. rest]).Any() ? 0 : 1,
    [Publisher.Argument, var connection, var pattern, var count] => await Publisher.RunAsync(connection, pattern, int.Parse(count)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run -c Release --project bench -- latency | throughput | resp");
    return 2;
}
