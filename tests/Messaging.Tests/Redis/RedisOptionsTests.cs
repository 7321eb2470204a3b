using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.Tests.Redis;

public sealed class RedisOptionsTests
{
    [Theory]
    [InlineData("localhost:6379", "localhost", 6379, null, null, false)]
    [InlineData("localhost", "localhost", 6379, null, null, false)]
    [InlineData("redis.example.org:6380,password=a=b==,ssl=True", "redis.example.org", 6380, null, "a=b==", true)]
    [InlineData(" 10.0.0.1:1 , user=city , password=x , abortConnect=false", "10.0.0.1", 1, "city", "x", false)]
    [InlineData("[::1]:7000", "::1", 7000, null, null, false)]
    public void A_connection_string_as_Aspire_writes_it_is_read(string text, string host, int port, string? user, string? password, bool tls)
    {
        var options = RedisOptions.Parse(text);
        Assert.Equal((host, port, user, password, tls), (options.Host, options.Port, options.User, options.Password, options.Tls));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("localhost:0", "host:port")]
    [InlineData("localhost:99999", "host:port")]
    [InlineData("localhost:port", "host:port")]
    [InlineData("password=x", "host:port")]
    [InlineData("localhost:6379,cluster=true", "cluster")]
    [InlineData("localhost:6379,ssl=maybe", "ssl=maybe")]
    public void What_is_wrong_is_named_with_an_example(string text, string names)
    {
        var error = Assert.Throws<FormatException>(() => RedisOptions.Parse(text));
        Assert.Contains(names, error.Message);
        Assert.Contains("for example", error.Message);
        Assert.Contains("ConnectionStrings:redis", error.Message);
    }

    [Fact]
    public void The_password_is_in_no_text_form_of_the_options() =>
        Assert.DoesNotContain("secret", RedisOptions.Parse("localhost:6379,password=secret").ToString());
}
