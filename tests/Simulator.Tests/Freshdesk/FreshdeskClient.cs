using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Tests.Freshdesk;

/// <summary>Plain HTTP as a Freshdesk client sends it.</summary>
sealed class FreshdeskClient : IDisposable
{
    readonly HttpClient http;

    public FreshdeskClient(int port, string key = "simulator")
    {
        http = RunningSimulator.Client(port);
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{key}:X")));
    }

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync($"/api/v2{path}");

    public Task<HttpResponseMessage> DeleteAsync(string path) => http.DeleteAsync($"/api/v2{path}");

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string json) =>
        http.SendAsync(new HttpRequestMessage(method, $"/api/v2{path}")
        {
            Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        });

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => http.SendAsync(request);

    public Task<HttpResponseMessage> PostAsync(string path, string json) => SendAsync(HttpMethod.Post, path, json);

    public Task<HttpResponseMessage> PutAsync(string path, string json) => SendAsync(HttpMethod.Put, path, json);

    public async Task<JsonNode> JsonAsync(string path) => await Read(await GetAsync(path));

    public async Task<long> CreateAsync(string more = "")
    {
        using var created = await PostAsync("/tickets", $$"""{"subject":"Smoke","description":"<p>Seen</p>","email":"camera@example.com"{{more}}}""");
        return (long)(await Read(created))["id"]!;
    }

    public static async Task<JsonNode> Read(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(body)! : throw new HttpRequestException($"{(int)response.StatusCode}: {body}");
    }

    /// <summary>The first entry of a "Validation failed" body, as field and code.</summary>
    public static async Task<(string Field, string Code)> ErrorOf(HttpResponseMessage response)
    {
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal("Validation failed", (string?)body["description"]);
        return ((string)body["errors"]![0]!["field"]!, (string)body["errors"]![0]!["code"]!);
    }

    public void Dispose() => http.Dispose();
}
