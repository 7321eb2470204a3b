using System.Diagnostics;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class StartTests
{
    [Theory]
    [InlineData("Production", "Freshdesk:ApiKey must be set", "ConnectionStrings__redis=127.0.0.1:1")]
    [InlineData("Development", "ConnectionStrings:redis must be set", "Unrelated=1")]
    [InlineData("Development", "Freshdesk:TimeZone must be", "ConnectionStrings__redis=127.0.0.1:1", "Freshdesk__TimeZone=Mars")]
    [InlineData("Development", "POLLING_INTERVAL must be", "ConnectionStrings__redis=127.0.0.1:1", "POLLING_INTERVAL=soon")]
    [InlineData("Development", "Freshdesk:Domain is missing", "ConnectionStrings__redis=127.0.0.1:1", "FRESHDESK_API_KEY=k")]
    public async Task A_wrong_setting_ends_the_process_with_one_clear_sentence_and_its_own_exit_code(string environment, string expected, params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = AppContext.BaseDirectory };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "IncidentPoller.dll"));
        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var setting in settings)
        {
            start.Environment[setting.Split('=')[0]] = setting.Split('=')[1];
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        await output;

        Assert.Equal(78, process.ExitCode);
        Assert.Contains($"- {expected}", errors, StringComparison.Ordinal);
        Assert.Contains("for example", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}
