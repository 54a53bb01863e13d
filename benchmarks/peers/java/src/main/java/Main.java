import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import org.cometd.bayeux.Promise;
import org.cometd.bayeux.server.ServerChannel;
import org.cometd.server.BayeuxServerImpl;
import org.cometd.server.http.JSONHttpTransport;
import org.cometd.server.http.jakarta.CometDServlet;
import org.cometd.server.websocket.jetty.JettyWebSocketTransport;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** The CometD server for Java, which publishes one message for each line on its control connection. */
public final class Main {
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> data = Map.of("filler", "x".repeat(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 860));
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setAcceptQueueSize(4096);
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        server.setHandler(context);
        context.insertHandler(WebSocketUpgradeHandler.from(server, context));
        BayeuxServerImpl bayeux = new BayeuxServerImpl();
        bayeux.setOption("cometdURLMapping", "/cometd/*");
        bayeux.setOption("ws.cometdURLMapping", "/cometd/*");
        bayeux.setOption(Context.class.getName(), context.getContext());
        bayeux.setTransports(new JettyWebSocketTransport(bayeux), new JSONHttpTransport(bayeux));
        context.getServletContext().setAttribute(org.cometd.bayeux.server.BayeuxServer.ATTRIBUTE, bayeux);
        ServletHolder holder = new ServletHolder(CometDServlet.class);
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/cometd/*");
        context.addEventListener(new org.eclipse.jetty.util.component.LifeCycle.Listener() {
            @Override
            public void lifeCycleStarting(org.eclipse.jetty.util.component.LifeCycle event) {
                try {
                    bayeux.start();
                } catch (Exception failure) {
                    throw new IllegalStateException(failure);
                }
            }
        });
        server.start();
        ServerChannel channel =
                bayeux.createChannelIfAbsent("/bench", configurable -> configurable.setPersistent(true)).getReference();
        ServerSocket control = new ServerSocket(0);
        System.out.println("{\"http\": \"127.0.0.1:" + connector.getLocalPort() + "\", \"control\": \"127.0.0.1:"
                + control.getLocalPort() + "\"}");
        Thread publisher = new Thread(() -> publish(control, channel, data));
        publisher.setDaemon(true);
        publisher.start();
        while (System.in.read() >= 0) {
            // until standard input ends
        }
        System.exit(0);
    }

    private static void publish(ServerSocket control, ServerChannel channel, Map<String, Object> data) {
        while (true) {
            try (Socket socket = control.accept()) {
                byte[] lines = new byte[65536];
                for (int count; (count = socket.getInputStream().read(lines)) > 0;) {
                    for (int at = 0; at < count; at++) {
                        if (lines[at] == '\n') {
                            channel.publish(null, data, Promise.noop());
                        }
                    }
                }
            } catch (java.io.IOException gone) {
                // the load generator is done
            }
        }
    }
}
