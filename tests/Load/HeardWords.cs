using System.Diagnostics;
using CityMonitor.Bench.City;
using CityMonitor.Hosting;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Load;

/// <summary>
/// Calls side by side through the whole city with the cascade engine, whose phones speak into the agent's words at random moments. What
/// each phone heard is compared with what the call's transcript says was spoken, word by word.
/// </summary>
sealed class HeardWords(int calls, int turns, TextWriter output)
{
    const int Seed = 4711;

    public async Task<int> PlayAsync()
    {
        var flows = Directory.CreateTempSubdirectory("chatter-flows-");
        try
        {
            foreach (var flow in new DirectoryInfo("flows").EnumerateFiles("*.yaml"))
            {
                var text = await File.ReadAllTextAsync(flow.FullName);
                await File.WriteAllTextAsync(Path.Combine(flows.FullName, flow.Name), flow.Name == "incident-dispatch.yaml" ? Chatter.Flow(text) : text);
            }

            await using var town = await Town.StartAsync(calls + 10, new Dictionary<string, IReadOnlyDictionary<string, string>>
            {
                ["AgentWorker"] = new Dictionary<string, string> { ["Flows__Directory"] = flows.FullName, ["Dispatch__Attempts"] = "1", ["Dispatch__CallBacks"] = "0" },
            });
            return await PlayAsync(town);
        }
        finally
        {
            flows.Delete(recursive: true);
        }
    }

    async Task<int> PlayAsync(Town town)
    {
        var since = Stopwatch.GetTimestamp();
        var cases = await Task.WhenAll(Enumerable.Range(0, calls).Select(n => town.FileAsync(Responders.Number(n), Habit.Interrupts, Chatter.Phone(Responders.Number(n), Seed + n, turns))));
        await Task.WhenAll(cases.Select(one => town.SettledAsync(one, TimeSpan.FromMinutes(20))));
        var (taken, spoken, cut, words, differ, dry) = (0, 0, 0, 0, 0, 0);
        foreach (var one in cases)
        {
            var said = new List<Turn>();
            foreach (var attempt in (await town.StateAsync(one))?.Attempts ?? [])
            {
                said.AddRange(await town.State.TurnsAsync(attempt.Call, CancellationToken.None));
            }

            var lines = await town.CallsAsync(one);
            var heard = lines.SelectMany(call => WordForWord.Words(call["heard"]!["heard"]!.GetValue<string>())).ToList();
            var ranDry = lines.Sum(call => call["streams"]!.AsArray().Sum(stream => stream!["underruns"]!.GetValue<int>()));
            dry += ranDry;
            var agent = WordForWord.Agent(said, turn => turn.Speaker == Speaker.Agent, turn => new WordForWord.Spoken(turn.Text, turn.Interrupted));
            (taken, spoken, cut, words) = (taken + said.Count(turn => turn.Speaker == Speaker.Responder), spoken + agent.Count, cut + agent.Count(turn => turn.Interrupted), words + heard.Count);
            if (agent.Count == 0 || WordForWord.Compare(agent, heard) is not null)
            {
                differ++;
                output.WriteLine($"    {one.Phone}: {(agent.Count == 0 ? "nothing was said" : WordForWord.Compare(agent, heard))} (its buffer ran dry in mid-speech {ranDry} times)");
            }
        }

        output.WriteLine($"{calls} calls side by side: {taken} turns of callers, {spoken} of the agent, {cut} of them cut; {words} words heard. Calls in which the phone heard something else than the transcript says: {differ}. Phones' buffers ran dry in mid-speech {dry} times: audio came late, for want of processor time or from the vendor. Phones' clock {await town.AudioLateMsAsync():0} ms late at the worst; {Stopwatch.GetElapsedTime(since).TotalMinutes:0.0} minutes.");
        return differ == 0 && taken > 0 ? 0 : 1;
    }
}
