namespace CityMonitor.Hosting;

static class Demo
{
    public static Task<int> RunAsync(City city, DemoRequest request, IReadOnlyDictionary<string, string> settings, Terminal terminal, CancellationToken ct) => Task.FromResult(0);
}
