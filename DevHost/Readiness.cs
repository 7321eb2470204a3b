using System.Net.Http;

namespace CityMonitor.Hosting;

static class Readiness
{
    // A process that dies this often while we wait for it has a reason that waiting does not change.
    const int HopelessAfter = 3;

    static readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Returns when every process answers that it is ready; throws with its own last words when one cannot start.</summary>
    public static Task WaitAsync(IEnumerable<Child> children, CityLog log, CancellationToken ct) =>
        Task.WhenAll(children.Where(child => child.Spec.Ready is not null).Select(child => WaitAsync(child, log, ct)));

    static async Task WaitAsync(Child child, CityLog log, CancellationToken ct)
    {
        var starts = child.Starts;
        var last = "it has not answered yet";
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(child.Spec.Ready, ct);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }

                last = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(ct)}";
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !ct.IsCancellationRequested))
            {
                last = e.Message;
            }

            if (child.Starts - starts >= HopelessAfter || (!child.IsRunning && child.Starts == 0))
            {
                throw new CityStartException($"{child.Spec.Name} does not start ({child.LastExit}).{log.Tails([child.Spec.Name])}");
            }

            try
            {
                await Task.Delay(100, ct);
            }
            catch (OperationCanceledException)
            {
                log.Write(new LogLine(DateTimeOffset.UtcNow, child.Spec.Name, $"[host] {child.Spec.Name} is not ready: {child.Spec.Ready} says {last}"));
                throw;
            }
        }
    }
}
